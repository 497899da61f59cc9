import { mapConcurrent } from './async/map-concurrent.js'
import { safeCutBefore } from './boundaries.js'
import { checkInteger, checkOneOf, invalid } from './check.js'
import type { Citation } from './citations.js'
import { escapeMarkers, escapeTags, oneLine } from './context-escape.js'
import { addPiece, type ContextOrder, orderPassages, type Passage, type Piece } from './context-passages.js'
import type { Metadata } from './document.js'
import { tell } from './observe.js'
import type { CallOptions } from './observer.js'
import { pieceTokenizer } from './piece-tokenizer.js'
import type { Hit } from './retriever.js'
import type { Span } from './span.js'
import { tokenRuler } from './token-ruler.js'
import type { Tokenizer } from './tokenizer.js'

/** What a passage's description may be made of. */
export type DescribedPassage = Pick<Citation, 'documentId' | 'uri' | 'page' | 'headings'>

export interface ContextOptions extends CallOptions {
  /** Tokens of the whole context, markers, descriptions and separators included. */
  readonly maxTokens: number
  /** The tokenizer of the model that will read it. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /**
   * `score`: as the hits come, best first. `document`: documents by their best hit, passages as they stand in
   * them. `edges`: the best first, the second best last, the weakest in the middle. @default 'score'
   */
  readonly order?: ContextOrder | undefined
  /** Between passages; without brackets, angle brackets, backslashes and digits. @default '\n\n' */
  readonly separator?: string | undefined
  /**
   * `bracket`: the marker, the description on its line, the text below. `tag`: the same inside
   * `<passage id="[1]">` … `</passage>`, so that the end of each passage is marked too. @default 'bracket'
   */
  readonly format?: 'bracket' | 'tag' | undefined
  /** Line above a passage's text; empty for none. @default its headings and its page */
  readonly describe?: ((passage: DescribedPassage) => string) | undefined
  /** What to do with the best passage when it alone is over the budget; others are omitted. @default 'cut' */
  readonly oversize?: 'cut' | 'omit' | undefined
  /** Show the wider span of chunks that have one, where it fits. Needs `fetchText`. @default false */
  readonly useWindow?: boolean | undefined
  /** `document.text.slice(span.start, span.end)` of a document that was ingested. */
  readonly fetchText?: ((documentId: string, span: Span, options: CallOptions) => Promise<string>) | undefined
}

export interface OmittedHit {
  readonly chunkId: string
  readonly documentId: string
  readonly score: number
  /** `budget`: no room. `duplicate`: the same chunk came before. */
  readonly reason: 'budget' | 'duplicate'
}

export interface AssembledContext {
  readonly text: string
  /** In the order of their markers, which is the order in the text. */
  readonly citations: readonly Citation[]
  readonly omitted: readonly OmittedHit[]
  /** Tokens of `text`; never more than `maxTokens`. */
  readonly tokens: number
  /** Share of `maxTokens` that is used, 0–1. */
  readonly utilization: number
}

interface Settings {
  readonly maxTokens: number
  readonly order: ContextOrder
  readonly separator: string
  readonly format: 'bracket' | 'tag'
  readonly describe: (passage: DescribedPassage) => string
  readonly oversize: 'cut' | 'omit'
  readonly tokenizer: Tokenizer
  readonly count: (text: string) => number
}

/**
 * Packs hits, best first, into a text for a model's prompt, never over the budget. Passages of one document
 * that overlap or touch are shown once; each gets a marker, `[1]` and on, that resolves to its exact place in
 * its document. A hit that does not fit is omitted and listed, and smaller ones after it still get their chance.
 *
 * Retrieved text is data, not instructions, and cannot fake the frame it stands in: numbers in brackets are
 * escaped (`[7]` becomes `\[7\]`), and with `format: 'tag'` so are passage tags. Citations keep the exact source.
 */
export async function assembleContext<M extends Metadata = Metadata>(
  hits: readonly Hit<M>[],
  options: ContextOptions,
): Promise<AssembledContext> {
  const settings = checkOptions(options)
  const { maxTokens, count, separator } = settings
  const { signal, observer } = options
  signal?.throwIfAborted()
  const omitted: OmittedHit[] = []
  const omit = (hit: Hit<M>, reason: OmittedHit['reason']) =>
    omitted.push({ chunkId: hit.chunk.id, documentId: hit.chunk.documentId, score: hit.score, reason })

  const known = new Set<string>()
  const unique: Hit<M>[] = []
  for (const hit of hits) {
    if (known.has(hit.chunk.id)) omit(hit, 'duplicate')
    else unique.push(hit)
    known.add(hit.chunk.id)
  }
  const candidates = await candidatesOf(unique, options)

  const separatorTokens = count(separator)
  // A marker with as many digits as any can get, so that numbering later does not add tokens.
  const widest = Math.max(1, unique.length)
  const costs = new Map<Passage<M>, number>()
  const costOf = (passages: readonly Passage<M>[]) => {
    let total = separatorTokens * Math.max(0, passages.length - 1)
    for (const passage of passages) {
      let cost = costs.get(passage)
      if (cost === undefined) {
        cost = count(render(passage, widest, settings).text)
        costs.set(passage, cost)
      }
      total += cost
    }
    return total
  }

  /** Passages after each hit that was let in, and that hit, so that the last one can be taken back. */
  const history: { readonly passages: readonly Passage<M>[]; readonly hit: Hit<M> }[] = []
  let passages: readonly Passage<M>[] = []
  for (const [rank, pieces] of candidates.entries()) {
    const hit = unique[rank]!
    const before = passages
    for (const piece of pieces) {
      const next = addPiece(before, piece, hit, rank)
      if (costOf(next) <= maxTokens) {
        passages = next
        break
      }
    }
    if (passages === before && before.length === 0 && settings.oversize === 'cut') {
      const cut = cutToFit(pieces.at(-1)!, hit, rank, settings)
      if (cut !== undefined) passages = [cut]
    }
    if (passages === before) omit(hit, 'budget')
    else history.push({ passages, hit })
  }

  // Tokens of a whole are not always the sum of its parts': the text itself has the last word.
  for (;;) {
    const context = compose(orderPassages(passages, settings.order), settings)
    const tokens = count(context.text)
    if (tokens <= maxTokens) {
      const utilization = tokens / maxTokens
      tell(observer, {
        type: 'context.assembled',
        source: settings.tokenizer.id,
        counts: { hits: hits.length, passages: passages.length, omitted: omitted.length, tokens, maxTokens },
      })
      return { ...context, omitted, tokens, utilization }
    }
    omit(history.pop()!.hit, 'budget')
    passages = history.at(-1)?.passages ?? []
  }
}

function checkOptions(options: ContextOptions): Settings {
  const { separator = '\n\n', tokenizer = pieceTokenizer(), describe = describePassage } = options
  if (separator === '' || /[[\]<>\\\p{Nd}]/u.test(separator)) {
    invalid('separator', 'text without brackets, angle brackets, backslashes and digits', separator)
  }
  if (options.useWindow === true && options.fetchText === undefined) {
    invalid('fetchText', 'a function when `useWindow` is true', options.fetchText)
  }
  return {
    maxTokens: checkInteger('maxTokens', options.maxTokens, 1),
    order: checkOneOf('order', options.order ?? 'score', ['score', 'document', 'edges']),
    format: checkOneOf('format', options.format ?? 'bracket', ['bracket', 'tag']),
    oversize: checkOneOf('oversize', options.oversize ?? 'cut', ['cut', 'omit']),
    separator,
    describe,
    tokenizer,
    count: (text) => (text === '' ? 0 : tokenizer.ends(text).length),
  }
}

/** For each hit what may be shown of it, the most welcome first: its window, then the chunk itself. */
async function candidatesOf<M extends Metadata>(
  hits: readonly Hit<M>[],
  options: ContextOptions,
): Promise<Piece[][]> {
  const { fetchText, signal, observer } = options
  const own = ({ chunk }: Hit<M>): Piece => {
    const { documentId, start, text } = chunk
    return { documentId, start, end: start + text.length, text }
  }
  if (options.useWindow !== true || fetchText === undefined) return hits.map((hit) => [own(hit)])
  const widen = async (hit: Hit<M>, _rank: number, running: AbortSignal): Promise<Piece[]> => {
    const piece = own(hit)
    const { documentId, window } = hit.chunk
    if (window === undefined || (window.start === piece.start && window.end === piece.end)) return [piece]
    const text = await fetchText(documentId, window, { signal: running, observer })
    const offset = piece.start - window.start
    const fits = text.length === window.end - window.start && text.startsWith(piece.text, offset)
    if (fits) return [{ documentId, start: window.start, end: window.end, text }, piece]
    // The document is no longer the one that was ingested: what was found is still worth showing.
    tell(observer, { type: 'context.window-mismatch', source: documentId, labels: { chunkId: hit.chunk.id } })
    return [piece]
  }
  const candidates: Piece[][] = []
  for await (const pieces of mapConcurrent(hits, widen, { signal })) candidates.push(pieces)
  return candidates
}

/** The longest beginning of a piece that fits the whole budget, ending where a word does if one is near. */
function cutToFit<M extends Metadata>(
  piece: Piece,
  hit: Hit<M>,
  rank: number,
  settings: Settings,
): Passage<M> | undefined {
  const { maxTokens, count, tokenizer } = settings
  const upTo = (length: number): Passage<M> => {
    const text = piece.text.slice(0, length)
    return { ...piece, end: piece.start + length, text, rank, hits: [hit], cut: true }
  }
  const fits = (length: number) => count(render(upTo(length), 1, settings).text) <= maxTokens
  let low = 0
  let high = tokenRuler(tokenizer, piece.text).endOfTokens(0, maxTokens)
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  for (let length = wordCut(piece.text, low); length > 0; length = safeCutBefore(piece.text, length - 1)) {
    if (fits(length)) return upTo(length)
  }
  return undefined
}

/** The last blank in the second half of what fits, or else the last place that cuts no character. */
function wordCut(text: string, length: number): number {
  if (length === text.length) return length
  const fitting = text.slice(0, length)
  const blank = /\s/.test(text[length] ?? '') ? length : fitting.search(/\s\S*$/)
  const end = fitting.slice(0, Math.max(blank, 0)).trimEnd().length
  return end * 2 > length ? end : safeCutBefore(text, length)
}

function describePassage({ headings, page }: DescribedPassage): string {
  const titles = headings.join(' › ')
  if (page === undefined) return titles
  return titles === '' ? `Page ${page}` : `${titles} (page ${page})`
}

interface Rendered {
  readonly text: string
  /** Place of the passage's own text in it. */
  readonly body: Span
}

function render<M extends Metadata>(passage: Passage<M>, number: number, settings: Settings): Rendered {
  const { documentId, uri, page, headings } = firstChunk(passage)
  const harmless = (text: string) =>
    settings.format === 'tag' ? escapeTags(escapeMarkers(text)) : escapeMarkers(text)
  const line = harmless(oneLine(settings.describe({ documentId, uri, page, headings })))
  const body = harmless(passage.text)
  const marker = `[${number}]`
  const head =
    settings.format === 'tag'
      ? `<passage id="${marker}">\n${line === '' ? '' : `${line}\n`}`
      : line === ''
        ? `${marker} `
        : `${marker} ${line}\n`
  const tail = settings.format === 'tag' ? '\n</passage>' : ''
  return { text: head + body + tail, body: { start: head.length, end: head.length + body.length } }
}

function compose<M extends Metadata>(
  passages: readonly Passage<M>[],
  settings: Settings,
): { text: string; citations: Citation[] } {
  let text = ''
  const citations = passages.map((passage, place): Citation => {
    const number = place + 1
    const rendered = render(passage, number, settings)
    if (place > 0) text += settings.separator
    const offset = text.length
    text += rendered.text
    const { uri, page, headings } = firstChunk(passage)
    const chunks = passage.hits.map((hit) => hit.chunk).sort((a, b) => a.start - b.start || a.end - b.end)
    return {
      marker: `[${number}]`,
      number,
      documentId: passage.documentId,
      ...(uri !== undefined && { uri }),
      ...(page !== undefined && { page }),
      start: passage.start,
      end: passage.end,
      text: passage.text,
      headings,
      chunkIds: chunks.map((chunk) => chunk.id),
      score: passage.hits.reduce((best, hit) => Math.max(best, hit.score), Number.NEGATIVE_INFINITY),
      cut: passage.cut,
      contextSpan: { start: offset + rendered.body.start, end: offset + rendered.body.end },
    }
  })
  return { text, citations }
}

/** The chunk that starts first speaks for its passage: its page, its headings. */
function firstChunk<M extends Metadata>(passage: Passage<M>) {
  return passage.hits.reduce((first, hit) => (hit.chunk.start < first.chunk.start ? hit : first)).chunk
}
