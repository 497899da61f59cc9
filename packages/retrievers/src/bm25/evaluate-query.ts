import { Bitset, type TopHits, TopK } from '@tesserae/core'
import { DELETED, type Documents } from './documents.js'
import type { FoldedFormula } from './formula.js'
import { phraseFrequency } from './phrase.js'
import type { Postings } from './postings.js'
import { isVerified, type Part, type ResolvedClause } from './resolve-query.js'
import { Sequence, type Sequences } from './sequences.js'

/** Documents and frequencies, ascending by document number; those of deleted documents may be among them. */
export interface PostingList {
  readonly documents: Uint32Array
  readonly frequencies: Uint32Array
}

const nothing: PostingList = { documents: new Uint32Array(0), frequencies: new Uint32Array(0) }

/** Reads posting lists of parts, those of phrases and fields by looking into the sequences. Keeps them for a query. */
export class PartReader {
  private readonly postings: Postings
  private readonly documents: Documents
  private readonly sequences: Sequences | undefined
  private readonly weights: readonly number[]
  private readonly sequence = new Sequence()
  private readonly lists = new Map<Part, PostingList>()

  /** @param weights of fields in units, the first for text outside of fields */
  constructor(
    postings: Postings,
    documents: Documents,
    sequences: Sequences | undefined,
    weights: readonly number[],
  ) {
    this.postings = postings
    this.documents = documents
    this.sequences = sequences
    this.weights = weights
  }

  list(part: Part): PostingList {
    let list = this.lists.get(part)
    if (list === undefined) {
      list = isVerified(part) ? this.verified(part) : this.postings.read(part.slots[0]!.term)
      this.lists.set(part, list)
    }
    return list
  }

  /** Frequency of a part in one document. */
  frequency(part: Part, document: number): number {
    for (const { term } of part.slots) if (this.postings.frequency(term, document) === 0) return 0
    if (!isVerified(part)) return this.postings.frequency(part.slots[0]!.term, document)
    return this.look(part, document)
  }

  /** Documents that have every term of the part, looked through one by one. */
  private verified(part: Part): PostingList {
    const terms = [...new Set(part.slots.map(({ term }) => term))]
    const byLength = terms.sort((a, b) => this.postings.count(a) - this.postings.count(b))
    let candidates = this.postings.read(byLength[0]!).documents
    for (const term of byLength.slice(1)) {
      if (candidates.length === 0) return nothing
      candidates = intersection(candidates, this.postings.read(term).documents)
    }
    const wanted = new Uint8Array(Math.max(...terms) + 1)
    for (const term of terms) wanted[term] = 1
    const { lengths } = this.documents
    const documents = new Uint32Array(candidates.length)
    const frequencies = new Uint32Array(candidates.length)
    let count = 0
    for (const document of candidates) {
      if (lengths[document] === DELETED) continue
      const frequency = this.look(part, document, wanted)
      if (frequency === 0) continue
      documents[count] = document
      frequencies[count++] = frequency
    }
    return { documents: documents.subarray(0, count), frequencies: frequencies.subarray(0, count) }
  }

  private look(part: Part, document: number, wanted?: Uint8Array): number {
    if (this.sequences === undefined) return 0
    this.sequences.read(document, this.sequence, wanted)
    return phraseFrequency(this.sequence, part, this.weights)
  }
}

/**
 * The ordinals on which every `must` holds and no `not`, among those that the filter lets through; the filter itself
 * when there is no such clause.
 */
export function allowedOrdinals(
  clauses: readonly ResolvedClause[],
  reader: PartReader,
  documents: Documents,
  filter: Bitset | undefined,
): Bitset | undefined {
  const conditions = clauses.filter(({ occur, words }) => occur !== 'should' && words !== undefined)
  if (conditions.length === 0) return filter
  const { lengths, ordinals, count } = documents
  let required: Uint32Array | undefined
  const forbidden: Uint32Array[] = []
  for (const { occur, words } of conditions) {
    const holds = holdingDocuments(words!, reader)
    if (occur === 'must') required = required === undefined ? holds : intersection(required, holds)
    else forbidden.push(holds)
  }
  const allowed = new Bitset()
  if (required !== undefined) {
    for (const document of required) {
      const ordinal = ordinals[document]!
      if (lengths[document] !== DELETED && (filter === undefined || filter.has(ordinal))) allowed.add(ordinal)
    }
  } else if (filter !== undefined) allowed.or(filter)
  else {
    let last = 0
    for (let document = 0; document < count; document++) last = Math.max(last, ordinals[document]!)
    allowed.fill(last + 1)
  }
  for (const holds of forbidden)
    for (const document of holds) if (lengths[document] !== DELETED) allowed.delete(ordinals[document]!)
  return allowed
}

/** Whether a document meets every `must` and no `not`. */
export function isAllowed(clauses: readonly ResolvedClause[], reader: PartReader, document: number): boolean {
  return clauses.every(({ occur, words }) => {
    if (occur === 'should' || words === undefined) return true
    const holds = words.every((parts) => parts.some((part) => reader.frequency(part, document) > 0))
    return holds === (occur === 'must')
  })
}

/** Documents in which every word has one of its parts. */
function holdingDocuments(words: readonly (readonly Part[])[], reader: PartReader): Uint32Array {
  let holding: Uint32Array | undefined
  for (const parts of words) {
    const having = union(parts.map((part) => reader.list(part).documents))
    holding = holding === undefined ? having : intersection(holding, having)
  }
  return holding ?? nothing.documents
}

function intersection(a: Uint32Array, b: Uint32Array): Uint32Array {
  const both = new Uint32Array(Math.min(a.length, b.length))
  let count = 0
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i]! < b[j]!) i++
    else if (a[i]! > b[j]!) j++
    else {
      both[count++] = a[i]!
      i++
      j++
    }
  }
  return both.subarray(0, count)
}

function union(lists: readonly Uint32Array[]): Uint32Array {
  if (lists.length === 1) return lists[0]!
  const all = new Set<number>()
  for (const list of lists) for (const document of list) all.add(document)
  return Uint32Array.from(all).sort()
}

/** What a part adds is base + weight × saturated frequency, as for a term. */
export interface PartScorer {
  readonly part: Part
  readonly base: number
  readonly weight: number
}

/** Scores every document of every part: for phrases and fields, whose lists have no bounds to skip by. */
export function scoreParts(
  scorers: readonly PartScorer[],
  reader: PartReader,
  documents: Documents,
  { constant, perLength }: FoldedFormula,
  limit: number,
  allowed: Bitset | undefined,
): TopHits {
  const scores = new Float64Array(documents.count)
  const touched = new Uint32Array(documents.count)
  let count = 0
  const { lengths, ordinals } = documents
  for (const { part, base, weight } of scorers) {
    const list = reader.list(part)
    for (let i = 0; i < list.documents.length; i++) {
      const document = list.documents[i]!
      const frequency = list.frequencies[i]!
      const before = scores[document]!
      if (before === 0) touched[count++] = document
      scores[document] =
        before + (base + (weight * frequency) / (frequency + constant + perLength * lengths[document]!))
    }
  }
  const best = new TopK(Math.min(limit, Math.max(1, documents.size)))
  for (let i = 0; i < count; i++) {
    const document = touched[i]!
    const ordinal = ordinals[document]!
    if (lengths[document] === DELETED || (allowed !== undefined && !allowed.has(ordinal))) continue
    best.push(ordinal, scores[document]!)
  }
  return best.drain()
}
