import { checkNumber, invalid } from './check.js'
import type { Metadata, MetadataValue } from './document.js'
import type { Hit } from './retriever.js'
import { sentenceSpans } from './sentences.js'
import type { Span } from './span.js'
import { termsOf } from './terms.js'

export interface ConflictOptions {
  /** Metadata field that names what a passage is about: documents with the same value are versions of each other. @default none */
  readonly about?: string | undefined
  /** Metadata fields that tell versions apart, the first one that both have counts: texts or numbers. @default ['version', 'validFrom', 'date', 'modified'] */
  readonly ages?: readonly string[] | undefined
  /** Metadata field with the ids of the documents that one takes the place of. @default 'supersedes' */
  readonly supersedes?: string | undefined
  /**
   * From which likeness on sentences of two documents with other figures are said to differ: the share of their words,
   * figures aside, that both have, above 0 to 1. `false`: never. @default 0.6
   */
  readonly figures?: number | false | undefined
  /** Language of the sentences. @default the host's */
  readonly locale?: string | undefined
}

/** Passages of two documents that may not both hold. */
export interface Conflict<M extends Metadata = Metadata> {
  /** `version`: they are versions of the same, and their texts differ. `figures`: like sentences have other figures. */
  readonly kind: 'version' | 'figures'
  /** In the order in which they were given. */
  readonly hits: readonly [Hit<M>, Hit<M>]
  /** Their values of the field that tells versions apart. */
  readonly ages?: readonly [string | number, string | number] | undefined
  /** Which of the two is newer; undefined when that is not known. */
  readonly newer?: 0 | 1 | undefined
  /** The sentences with other figures, as places in the documents. */
  readonly sentences?: readonly [Span, Span] | undefined
}

const defaultAges = ['version', 'validFrom', 'date', 'modified']
/** Shorter sentences are too alike to say the same of the same. Words. */
const fewestWords = 3

interface Statement extends Span {
  readonly words: ReadonlySet<string>
  readonly figures: ReadonlySet<string>
}

/**
 * Finds passages of different documents that may contradict each other: versions of the same document by version or date,
 * and sentences that say the same with other figures. Nothing is decided and nothing left out: it is for who reads the
 * passages to see, and for `assembleContext` to tell. What is said in other words, or denied, is not found. Every passage
 * is compared with every other: it is for the hits of one context, not for a corpus.
 */
export function findConflicts<M extends Metadata = Metadata>(
  hits: readonly Hit<M>[],
  options: ConflictOptions = {},
): readonly Conflict<M>[] {
  const { about, supersedes = 'supersedes', ages = defaultAges, locale } = options
  const likeness = options.figures ?? 0.6
  if (likeness !== false) checkNumber('figures', likeness, Number.MIN_VALUE, 1)
  if (!Array.isArray(ages)) invalid('ages', 'a list of metadata fields', ages)
  const statements = hits.map(({ chunk }) =>
    likeness === false ? [] : statementsOf(chunk.text, chunk.start, locale),
  )
  const conflicts: Conflict<M>[] = []
  for (const [second, hit] of hits.entries()) {
    for (let first = 0; first < second; first++) {
      const other = hits[first]!
      if (other.chunk.documentId === hit.chunk.documentId) continue
      const pair = [other, hit] as const
      const sentences =
        likeness === false ? undefined : differing(statements[first]!, statements[second]!, likeness)
      const version = versionOf(pair, { about, supersedes, ages })
      if (version !== undefined) conflicts.push({ kind: 'version', hits: pair, ...version, sentences })
      else if (sentences !== undefined)
        conflicts.push({ kind: 'figures', hits: pair, ...aged(pair, ages), sentences })
    }
  }
  return conflicts
}

/** What is known of two versions of the same, if that is what they are. */
function versionOf<M extends Metadata>(
  [a, b]: readonly [Hit<M>, Hit<M>],
  fields: {
    readonly about: string | undefined
    readonly supersedes: string
    readonly ages: readonly string[]
  },
): Pick<Conflict, 'ages' | 'newer'> | undefined {
  const [one, other] = [a.chunk, b.chunk]
  if (comparable(one.text) === comparable(other.text)) return undefined
  const known = aged([a, b], fields.ages)
  const replaces = (newer: typeof one, older: typeof one) =>
    idsIn(newer.metadata[fields.supersedes]).includes(older.documentId)
  if (replaces(one, other)) return { ...known, newer: 0 }
  if (replaces(other, one)) return { ...known, newer: 1 }
  if (fields.about === undefined || known.ages === undefined) return undefined
  const topic = one.metadata[fields.about]
  const same = topic !== undefined && topic !== null && topic === other.metadata[fields.about]
  return same && known.ages[0] !== known.ages[1] ? known : undefined
}

function aged<M extends Metadata>(
  [a, b]: readonly [Hit<M>, Hit<M>],
  fields: readonly string[],
): Pick<Conflict, 'ages' | 'newer'> {
  for (const field of fields) {
    const [one, other] = [a.chunk.metadata[field], b.chunk.metadata[field]]
    if (!isAge(one) || !isAge(other)) continue
    const order = typeof one === typeof other ? byAge(one, other) : 0
    return { ages: [one, other], ...(order !== 0 && { newer: order > 0 ? 0 : 1 }) }
  }
  return {}
}

function isAge(value: MetadataValue | undefined): value is string | number {
  return typeof value === 'string' ? value !== '' : typeof value === 'number'
}

/** Numbers inside texts count as numbers, so that version 2.10 is newer than 2.9, and days sort as days. */
function byAge(a: string | number, b: string | number): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b)
  const parts = (text: string): readonly string[] => text.match(/\d+|[^\d]+/g) ?? []
  const [one, other] = [parts(a), parts(b)]
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const [left = '', right = ''] = [one[at], other[at]]
    const bothNumbers = /^\d/.test(left) && /^\d/.test(right)
    const order = bothNumbers ? Number(left) - Number(right) : left < right ? -1 : left > right ? 1 : 0
    if (order !== 0) return order
  }
  return 0
}

function idsIn(value: MetadataValue | undefined): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

function comparable(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim()
}

/** Sentences with figures. */
function statementsOf(text: string, offset: number, locale: string | undefined): readonly Statement[] {
  return sentenceSpans(text, locale).flatMap(({ start, end }): Statement[] => {
    const terms = termsOf(text.slice(start, end)).map(({ term }) => term)
    const figures = new Set(terms.filter((term) => /^\p{Nd}/u.test(term)))
    const words = new Set(terms.filter((term) => !figures.has(term)))
    if (figures.size === 0 || words.size < fewestWords) return []
    return [{ start: offset + start, end: offset + end, words, figures }]
  })
}

/** Of the sentences of one that are most like one of the other, and have other figures than it, the likest. */
function differing(
  a: readonly Statement[],
  b: readonly Statement[],
  likeness: number,
): readonly [Span, Span] | undefined {
  let found: readonly [Span, Span] | undefined
  let highest = 0
  for (const one of a) {
    let likest: Statement | undefined
    let best = likeness
    for (const other of b) {
      const [left, right] = [one.words.size, other.words.size]
      // Sets of such sizes have no larger share in common.
      if (Math.min(left, right) < best * Math.max(left, right)) continue
      const share = likenessOf(one.words, other.words)
      // Among sentences as alike, one with the same figures is the one that is meant.
      if (share > best || (share === best && (likest === undefined || agree(one, other)))) {
        likest = other
        best = share
      }
    }
    if (likest === undefined || best <= highest || agree(one, likest)) continue
    highest = best
    found = [
      { start: one.start, end: one.end },
      { start: likest.start, end: likest.end },
    ]
  }
  return found
}

function agree(a: Statement, b: Statement): boolean {
  return a.figures.size === b.figures.size && [...a.figures].every((figure) => b.figures.has(figure))
}

/** Jaccard similarity. */
function likenessOf(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let both = 0
  for (const word of a) if (b.has(word)) both += 1
  return both / (a.size + b.size - both)
}
