import type { CallOptions, Chunker, ChunkSpan, Document, Tokenizer } from '@tesserae/core'
import { checkInteger, invalid, pieceTokenizer } from '@tesserae/core'
import type { Separator } from './internal/boundaries.js'
import { documentCuts } from './internal/boundaries.js'
import { characterClasses, skipBlanks, trimBlanks } from './internal/classes.js'
import type { CutTable } from './internal/cut-table.js'
import { allowedCuts, keptSpans } from './internal/kept-spans.js'
import { makeChunker } from './internal/make-chunker.js'
import { checkBoolean, checkLocale, checkNames, checkOverlap, chunkerId } from './internal/options.js'
import type { PackPlan } from './internal/pack.js'
import { rulerOf } from './internal/ruler.js'
import { packAll } from './internal/split.js'
import { TextCuts } from './internal/text-cuts.js'

export interface SentenceChunkerOptions {
  /** Hard cap of a chunk, in tokens of `tokenizer`; a longer sentence is divided between words. @default 300 */
  readonly maxTokens?: number | undefined
  /** Most sentences in a chunk. 1 makes every sentence a chunk. @default as many as fit */
  readonly maxSentences?: number | undefined
  /** Whole sentences repeated from the chunk before, as far as they leave room. Not together with `overlapTokens`. @default 0 */
  readonly overlapSentences?: number | undefined
  /** Most tokens repeated from the chunk before, below `maxTokens`. @default 0 */
  readonly overlapTokens?: number | undefined
  /** Sentences on each side that `window` shows around the chunk. @default 0: no window */
  readonly windowSentences?: number | undefined
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /** Leave blanks at both ends of a chunk out of its span. When false, the chunks hold every character. @default true */
  readonly trim?: boolean | undefined
  /** Language of the text, for ordinals and the Greek question mark. @default none */
  readonly locale?: string | undefined
}

const SEPARATORS: readonly Separator[] = ['sentence']
const OPTIONS = [
  'maxTokens',
  'maxSentences',
  'overlapSentences',
  'overlapTokens',
  'windowSentences',
  'tokenizer',
  'trim',
  'locale',
]

/**
 * Chunks of whole sentences, as many as fit. Tables, rows and code blocks that fit stay whole, and a heading
 * goes with the sentence behind it, as far as the document's marks tell. With `windowSentences`, each chunk
 * carries the wider span to show when it is found. Throws `invalid-argument` for options out of range.
 */
export function sentenceChunker(options: SentenceChunkerOptions = {}): Chunker {
  checkNames('sentenceChunker', options, OPTIONS)
  const maxTokens = checkInteger('maxTokens', options.maxTokens ?? 300)
  const maxSentences =
    options.maxSentences === undefined
      ? Number.POSITIVE_INFINITY
      : checkInteger('maxSentences', options.maxSentences)
  const overlapSentences = checkOverlapSentences(options, maxSentences)
  const overlapTokens = checkOverlap(
    'maxTokens',
    maxTokens,
    'overlapTokens',
    options.overlapTokens,
    undefined,
  )
  const windowSentences = checkInteger('windowSentences', options.windowSentences ?? 0, 0)
  const tokenizer = options.tokenizer ?? pieceTokenizer()
  const trim = checkBoolean('trim', options.trim ?? true)
  const language = checkLocale(options.locale)

  const limits = { maxTokens, maxSentences: options.maxSentences, overlapSentences, overlapTokens }
  const id = chunkerId('sentence', { ...limits, windowSentences, tokenizer: tokenizer.id, trim, language })
  // Only those who count sentences need all of them.
  const countsSentences = options.maxSentences !== undefined || overlapSentences > 0 || windowSentences > 0
  const split = async (document: Document, call: CallOptions) => {
    const ruler = rulerOf(tokenizer, document.text)
    const kept = keptSpans(document, ruler, maxTokens, characterClasses())
    const table = countsSentences
      ? allowedCuts(documentCuts(document, SEPARATORS, language), kept)
      : undefined
    const plan: PackPlan = {
      text: document.text,
      ruler,
      maxUnits: maxTokens,
      overlapUnits: overlapTokens,
      cuts: table ?? new TextCuts(document, SEPARATORS, language, kept),
      pieces: table && { table, most: maxSentences, overlap: overlapSentences },
      kept,
      fine: 'word',
      minimumFill: 0,
      trim,
    }
    const spans = await packAll(plan, true, call)
    return windowSentences > 0 && table ? withWindows(document.text, spans, table, windowSentences) : spans
  }
  const overlap =
    overlapSentences > 0
      ? { overlap: overlapSentences, size: maxSentences }
      : { overlap: overlapTokens, size: maxTokens }
  return makeChunker(id, split, overlap)
}

function checkOverlapSentences(options: SentenceChunkerOptions, maxSentences: number): number {
  const { overlapSentences, overlapTokens } = options
  if (overlapSentences === undefined) return 0
  if (overlapTokens !== undefined) {
    invalid(
      'overlapSentences',
      'left out when `overlapTokens` is given',
      overlapSentences,
      'Say the overlap once.',
    )
  }
  checkInteger('overlapSentences', overlapSentences, 0)
  if (overlapSentences >= maxSentences) {
    invalid(
      'overlapSentences',
      `below \`maxSentences\` (${maxSentences})`,
      overlapSentences,
      'Each chunk must add something new.',
    )
  }
  return overlapSentences
}

/** Widens each span by whole sentences on both sides, to the borders of the text at most. */
function withWindows(
  text: string,
  spans: readonly ChunkSpan[],
  cuts: CutTable,
  sentences: number,
): ChunkSpan[] {
  const classes = characterClasses()
  const textStart = skipBlanks(text, 0, text.length, classes)
  const textEnd = trimBlanks(text, textStart, text.length, classes)
  return spans.map((span) => {
    // Cut i stands between sentence i and sentence i + 1.
    const first = cuts.firstStartingAt(span.start + 1) - sentences
    const last = cuts.firstStartingAt(span.end) + sentences
    const start = first > 0 ? cuts.starts[first - 1]! : textStart
    const end = last < cuts.size ? cuts.ends[last]! : textEnd
    return { ...span, window: { start: Math.min(start, span.start), end: Math.max(end, span.end) } }
  })
}
