import { checkInteger, checkNumber, checkOneOf, invalid } from './check.js'
import type { Citation } from './citations.js'
import { candidatesOf } from './context-candidates.js'
import { type Conflict, type ConflictOptions, findConflicts } from './context-conflicts.js'
import { cutToFit } from './context-cut.js'
import { addPiece, type ContextOrder, orderPassages, type Passage, shownText } from './context-passages.js'
import { compose, type DescribedPassage, describePassage, render, type Settings } from './context-render.js'
import { diversified, Likeness } from './context-select.js'
import type { Metadata } from './document.js'
import type { Excerpt } from './excerpt.js'
import { tell } from './observe.js'
import type { CallOptions } from './observer.js'
import { pieceTokenizer } from './piece-tokenizer.js'
import type { Hit } from './retriever.js'
import type { Span } from './span.js'
import type { Tokenizer } from './tokenizer.js'

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
  /**
   * From which likeness on two passages count as the same, which is then shown once and cited with all its sources:
   * Jaccard similarity of runs of eight characters, 0.5 to 1, case and white space aside. Below 1 their figures must
   * agree as well. With `false` all are shown. @default 1
   */
  readonly duplicates?: number | false | undefined
  /** Hits shown of one document, at most. @default no limit */
  readonly maxPerDocument?: number | undefined
  /**
   * How much a passage unlike those already taken is preferred to one with a better score, 0 to 1; likeness is that of
   * words (`mmrReranker` knows that of meaning). @default 0
   */
  readonly diversity?: number | undefined
  /**
   * What to show of chunks instead of all, by chunk id: from `extractExcerpts` or `summarizeExcerpts`; these show no wider
   * span. @default all
   */
  readonly excerpts?: ReadonlyMap<string, Excerpt> | undefined
  /**
   * Looks for passages of different documents that may contradict each other, as `findConflicts` does, and says so in the
   * line above them and in their citations. All are shown; what holds is for the reader. @default not looked for
   */
  readonly conflicts?: ConflictOptions | undefined
  /** Show the wider span of chunks that have one, where it fits. Needs `fetchText`. @default false */
  readonly useWindow?: boolean | undefined
  /** `document.text.slice(span.start, span.end)` of a document that was ingested. */
  readonly fetchText?: ((documentId: string, span: Span, options: CallOptions) => Promise<string>) | undefined
}

export interface OmittedHit {
  readonly chunkId: string
  readonly documentId: string
  readonly score: number
  /**
   * `budget`: no room. `duplicate`: the same chunk came before. `document`: enough of its document is shown.
   * `excerpt`: its excerpt is empty.
   */
  readonly reason: 'budget' | 'duplicate' | 'document' | 'excerpt'
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
  const checked = checkOptions(options)
  const { maxTokens, count, separator } = checked
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
  const conflicts = options.conflicts === undefined ? [] : findConflicts(unique, options.conflicts)
  const settings = { ...checked, conflicts: byChunk(conflicts) }
  const likeness = new Likeness()
  const ranked = diversified(unique, settings.diversity, likeness)
  const candidates = await candidatesOf(ranked, options)

  const same = new Map<Hit<M>, Hit<M>[]>()
  const separatorTokens = count(separator)
  // A marker with as many digits as any can get, so that numbering later does not add tokens.
  const widest = Math.max(1, unique.length)
  const costs = new Map<Passage<M>, number>()
  const costOf = (passages: readonly Passage<M>[]) => {
    let total = separatorTokens * Math.max(0, passages.length - 1)
    for (const passage of passages) {
      let cost = costs.get(passage)
      if (cost === undefined) {
        cost = count(render(passage, widest, settings, same).text)
        costs.set(passage, cost)
      }
      total += cost
    }
    return total
  }

  /** Passages after each hit that was let in, and that hit, so that the last one can be taken back. */
  const history: { readonly passages: readonly Passage<M>[]; readonly hit: Hit<M> }[] = []
  const shownOfDocument = new Map<string, number>()
  let passages: readonly Passage<M>[] = []
  for (const [rank, pieces] of candidates.entries()) {
    const hit = ranked[rank]!
    const { documentId } = hit.chunk
    if (shownText(pieces[0]!).trim() === '' && options.excerpts?.has(hit.chunk.id)) {
      omit(hit, 'excerpt')
      continue
    }
    const twin = history.find((shown) => isTwin(shown.hit, hit, settings.duplicates, likeness))
    if (twin !== undefined) {
      const others = same.get(twin.hit) ?? []
      same.set(twin.hit, [...others, hit])
      // Its source is named beside the passage, which takes room too.
      for (const passage of passages) if (passage.hits.includes(twin.hit)) costs.delete(passage)
      if (costOf(passages) > maxTokens) {
        same.set(twin.hit, others)
        for (const passage of passages) if (passage.hits.includes(twin.hit)) costs.delete(passage)
        omit(hit, 'budget')
      }
      continue
    }
    if ((shownOfDocument.get(documentId) ?? 0) >= settings.maxPerDocument) {
      omit(hit, 'document')
      continue
    }
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
    else {
      history.push({ passages, hit })
      shownOfDocument.set(documentId, (shownOfDocument.get(documentId) ?? 0) + 1)
    }
  }

  // Tokens of a whole are not always the sum of its parts': the text itself has the last word.
  for (;;) {
    const context = compose(orderPassages(passages, settings.order), settings, same)
    const tokens = count(context.text)
    if (tokens <= maxTokens) {
      let merged = 0
      for (const { hit } of history) merged += same.get(hit)?.length ?? 0
      tell(observer, {
        type: 'context.assembled',
        source: settings.tokenizer.id,
        counts: {
          hits: hits.length,
          passages: passages.length,
          omitted: omitted.length,
          merged,
          ...(options.conflicts !== undefined && { conflicts: conflicts.length }),
          tokens,
          maxTokens,
        },
      })
      return { ...context, omitted, tokens, utilization: tokens / maxTokens }
    }
    const { hit } = history.pop()!
    for (const one of [hit, ...(same.get(hit) ?? [])]) omit(one, 'budget')
    passages = history.at(-1)?.passages ?? []
  }
}

/** Whether two hits say the same in different places. What overlaps in one document is merged by its offsets. */
function isTwin<M extends Metadata>(a: Hit<M>, b: Hit<M>, threshold: number, likeness: Likeness): boolean {
  const [one, other] = [a.chunk, b.chunk]
  const meet =
    one.documentId === other.documentId &&
    one.start <= other.start + other.text.length &&
    other.start <= one.start + one.text.length
  return !meet && likeness.same(one.text, other.text, threshold)
}

/** The conflicts that each chunk takes part in, by its id. */
function byChunk<M extends Metadata>(conflicts: readonly Conflict<M>[]): Settings['conflicts'] {
  const found = new Map<string, Conflict[]>()
  for (const conflict of conflicts) {
    for (const { chunk } of conflict.hits) found.set(chunk.id, [...(found.get(chunk.id) ?? []), conflict])
  }
  return found
}

function checkOptions(options: ContextOptions): Omit<Settings, 'conflicts'> {
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
    // Above 1 nothing is alike.
    duplicates: options.duplicates === false ? 2 : checkNumber('duplicates', options.duplicates ?? 1, 0.5, 1),
    maxPerDocument:
      options.maxPerDocument === undefined
        ? Number.POSITIVE_INFINITY
        : checkInteger('maxPerDocument', options.maxPerDocument),
    diversity: checkNumber('diversity', options.diversity ?? 0, 0, 1),
    separator,
    describe,
    tokenizer,
    count: (text) => (text === '' ? 0 : tokenizer.ends(text).length),
  }
}
