import type { Chunker, ChunkSpan, Tokenizer } from '@tesserae/core'
import { checkInteger, checkOneOf, invalid, pieceTokenizer } from '@tesserae/core'
import { CutTable } from '../internal/cut-table.js'
import { makeChunker } from '../internal/make-chunker.js'
import { checkNames, chunkerId } from '../internal/options.js'
import type { Ruler } from '../internal/ruler.js'
import { rulerOf } from '../internal/ruler.js'
import type { ChunkContext } from '../structural/chunk-context.js'
import { clippedContext, NO_CONTEXT } from '../structural/chunk-context.js'
import { likelyFits } from '../structural/fit.js'
import { proseCuts } from '../structural/leaf-cuts.js'
import { makePace } from '../structural/pace.js'
import { fullPlan, packRange, pushCut } from '../structural/pack-range.js'
import type { CsvRows } from './csv-rows.js'
import { cellStarts, csvRows, findDelimiter, hasHeader } from './csv-rows.js'

export interface CsvChunkerOptions {
  /** Hard cap of a chunk with its context, in tokens of `tokenizer`. @default 400 */
  readonly maxTokens?: number | undefined
  /**
   * Whether the first row names the columns: it then is the `context` of every chunk behind it, up to half of
   * `maxTokens`. 'auto' takes it for names when its cells are filled, different and no numbers. @default 'auto'
   */
  readonly header?: boolean | 'auto' | undefined
  /** One character between cells; 'auto' finds comma, tab, semicolon or bar. @default 'auto' */
  readonly delimiter?: string | undefined
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
}

const OPTIONS = ['maxTokens', 'header', 'delimiter', 'tokenizer']
const ROW_RANK = 250
const CELL_RANK = 10
/** Part of the cap that the header may take. */
const HEADER_SHARE = 2
/** Code units of the header that are looked at. */
const MAX_HEADER = 10_000

/**
 * Chunks of rows of a CSV or TSV text (RFC 4180), as many as fit, the header repeated as context. A row that does
 * not fit is divided at its cells, a cell at its lines and sentences. Line breaks inside quotes end no row, and a
 * quotation mark that nothing closes is text. Rows are found in the text itself; marks are not looked at. Throws
 * `invalid-argument` for options out of range.
 */
export function csvChunker(options: CsvChunkerOptions = {}): Chunker {
  checkNames('csvChunker', options, OPTIONS)
  const maxTokens = checkInteger('maxTokens', options.maxTokens ?? 400)
  const header = options.header ?? 'auto'
  if (typeof header !== 'boolean') checkOneOf('header', header, ['auto'])
  const delimiter = options.delimiter ?? 'auto'
  if (delimiter !== 'auto' && !/^[^"\r\n\ud800-\udfff]$/.test(delimiter)) {
    invalid('delimiter', "'auto' or one character other than a quote or line break", delimiter)
  }
  const tokenizer = options.tokenizer ?? pieceTokenizer()
  const id = chunkerId('csv', { maxTokens, header, delimiter, tokenizer: tokenizer.id })
  return makeChunker(id, async ({ text }, call) => {
    const ruler = rulerOf(tokenizer, text)
    const between = delimiter === 'auto' ? findDelimiter(text) : delimiter
    const rows = csvRows(text, between)
    const isHeader = header === 'auto' ? hasHeader(text, rows, between) : header && rows.starts.length > 1
    const headerEnd = isHeader ? rows.starts[1]! : text.length
    const names = isHeader ? headerContext(text.slice(0, headerEnd), maxTokens, tokenizer) : NO_CONTEXT
    const contextAt = (offset: number) => (offset >= headerEnd ? names : NO_CONTEXT)
    const plan = fullPlan({ text, ruler, tokenizer, maxTokens }, contextAt)
    const cuts = rowCuts(text, ruler, rows, between, maxTokens - names.tokens)
    const spans: ChunkSpan[] = []
    await packRange(plan, 0, text.length, cuts, spans, makePace(call.signal))
    return spans
  })
}

function headerContext(row: string, maxTokens: number, tokenizer: Tokenizer): ChunkContext {
  const line = row
    .slice(0, MAX_HEADER)
    .replace(/[\r\n]+/g, ' ')
    .trim()
  return clippedContext(line, Math.floor(maxTokens / HEADER_SHARE), tokenizer)
}

/** Cuts in front of every row, and inside those over `budget` tokens. */
function rowCuts(text: string, ruler: Ruler, rows: CsvRows, delimiter: string, budget: number): CutTable {
  const cuts = new CutTable()
  const { starts, quotesUntil } = rows
  for (let row = 0; row < starts.length; row++) {
    const start = starts[row]!
    const end = starts[row + 1] ?? text.length
    pushCut(cuts, text, 0, text.length, start, ROW_RANK)
    if (likelyFits(ruler, start, end, budget)) continue
    const cells = cellStarts(text, start, end, delimiter, quotesUntil)
    for (let cell = 0; cell < cells.length; cell++) {
      const cellStart = cells[cell]!
      const cellEnd = cells[cell + 1] ?? end
      if (cell > 0) pushCut(cuts, text, 0, text.length, cellStart, CELL_RANK)
      if (likelyFits(ruler, cellStart, cellEnd, budget)) continue
      proseCuts({ cuts, text, start: 0, end: text.length }, cellStart, cellEnd)
    }
  }
  return cuts
}
