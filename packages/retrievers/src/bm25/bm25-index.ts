import {
  type Bitset,
  checkInteger,
  checkNumber,
  checkOneOf,
  type Explanation,
  type IndexSearchOptions,
  invalid,
  type LexicalIndex,
  RagError,
  type TopHits,
} from '@tesserae/core'
import { type Analyzer, TokenSpans } from '../analysis/analyzer.js'
import { englishAnalyzer } from '../analysis/english.js'
import { DELETED, Documents } from './documents.js'
import { explainScore, type FieldFrequency } from './explain.js'
import { type Bm25Field, Fields, type FieldTexts } from './fields.js'
import {
  type Bm25Parameters,
  type Bm25Variant,
  bm25Variants,
  type FoldedFormula,
  fold,
  inverseDocumentFrequency,
} from './formula.js'
import { grownUint32 } from './grow.js'
import { MAX_DOCUMENTS, Postings } from './postings.js'
import type { TermScorer } from './score.js'
import { Searcher } from './search.js'
import { Sequence, Sequences } from './sequences.js'
import { StringTable } from './string-table.js'
import { ONLY_STOP, TokenCache, UNKNOWN } from './token-cache.js'

export interface Bm25Options {
  /** The published formula: see `formula.ts`. @default 'lucene' */
  readonly variant?: Bm25Variant | undefined
  /** How soon repetitions of a term stop counting, 0 or more. @default 1.2 */
  readonly k1?: number | undefined
  /** How much long documents are held back, 0 to 1. @default 0.75 */
  readonly b?: number | undefined
  /** What a term's presence alone is worth, for the variants with a δ. @default 1 for 'bm25+', 0.5 for 'bm25l' */
  readonly delta?: number | undefined
  /** The fields of documents that are set by field, with their weights. @default none */
  readonly fields?: { readonly [name: string]: Bm25Field } | undefined
  /** Keeps where terms stand, about 1.6 bytes for each: needed for phrases and for looking into fields. @default with `fields` */
  readonly positions?: boolean | undefined
  /** Makes the terms, of documents and queries alike. @default englishAnalyzer() */
  readonly analyzer?: Analyzer | undefined
}

export interface Bm25Statistics {
  readonly documentCount: number
  /** Mean length in terms, those of fields weighted; 0 for an empty index. */
  readonly averageLength: number
  /** Distinct terms, those of deleted documents included until the index is compacted. */
  readonly termCount: number
  /** Deleted or replaced documents whose postings are still there. */
  readonly deletedCount: number
  /** Bytes in typed arrays, outside the JavaScript heap. */
  readonly byteLength: number
}

export interface Bm25Index extends LexicalIndex<IndexSearchOptions> {
  /** Adds or replaces. Text outside of fields has the weight 1. */
  set(ordinal: number, content: string | FieldTexts): void
  /** The analyzer's id: an index and whoever queries it must agree on it. */
  readonly analyzerId: string
  /** In how many documents the analysed term stands. */
  documentFrequency(term: string): number
  /** Terms that stand in at least one document, in the order they were first seen. */
  terms(): IterableIterator<string>
  statistics(): Bm25Statistics
  /** Drops the postings of deleted documents and unused terms. Scores do not change. Runs by itself when due. */
  compact(): void
}

/** Compaction is due when this share of the documents in the postings is dead, and at least this many. */
const DEAD_SHARE = 0.25
const DEAD_MINIMUM = 256

/**
 * Okapi BM25 in memory: typed-array postings, documents added, replaced and deleted without a rebuild, the
 * best `limit` found without scoring everything. Scores are those of an index built afresh from the documents
 * alive, to the last bit of the statistics.
 *
 * A document of stop words only, or empty, counts as a document and is never found.
 */
export function bm25Index(options: Bm25Options = {}): Bm25Index {
  const fields = options.fields === undefined ? undefined : new Fields(options.fields)
  return new TypedBm25Index({
    parameters: checkParameters(options, fields?.unit ?? 1),
    analyzer: options.analyzer ?? englishAnalyzer(),
    fields,
    positions: options.positions ?? fields !== undefined,
  })
}

interface Settings {
  readonly parameters: Bm25Parameters
  readonly analyzer: Analyzer
  readonly fields: Fields | undefined
  readonly positions: boolean
}

function checkParameters(options: Bm25Options, unit: number): Bm25Parameters {
  const variant = checkOneOf('variant', options.variant ?? 'lucene', bm25Variants)
  if (options.delta !== undefined && variant !== 'bm25+' && variant !== 'bm25l')
    invalid('delta', "used with the variants 'bm25+' and 'bm25l' only", options.delta)
  return {
    variant,
    k1: checkNumber('k1', options.k1 ?? 1.2, 0),
    b: checkNumber('b', options.b ?? 0.75, 0, 1),
    delta: checkNumber('delta', options.delta ?? (variant === 'bm25l' ? 0.5 : 1), 0),
    unit,
  }
}

class TypedBm25Index implements Bm25Index {
  private readonly parameters: Bm25Parameters
  private readonly analyzer: Analyzer
  private readonly fields: Fields | undefined
  private dictionary = new StringTable()
  private postings = new Postings()
  private documents = new Documents()
  private sequences: Sequences | undefined
  private tokenCache: TokenCache
  private readonly searcher = new Searcher()
  private readonly tokens = new TokenSpans()

  /** Numbers of deleted documents in order of deletion. */
  private deleted: number[] = []
  /** By term: postings of deleted documents among the first `deadSeen` of `deleted`. */
  private deadCounts = new Uint32Array(0)
  private deadSeen = new Uint32Array(0)

  /** Terms of the document being added, each once. */
  private distinct = new Uint32Array(1 << 8)
  private distinctCount = 0

  constructor({ parameters, analyzer, fields, positions }: Settings) {
    this.parameters = parameters
    this.analyzer = analyzer
    this.fields = fields
    this.sequences = positions ? new Sequences() : undefined
    this.tokenCache = new TokenCache(analyzer, this.dictionary)
  }

  get size(): number {
    return this.documents.size
  }

  get analyzerId(): string {
    return this.analyzer.id
  }

  set(ordinal: number, content: string | FieldTexts): void {
    checkInteger('ordinal', ordinal, 0, 2 ** 31 - 2)
    const texts = this.textsOf(content)
    this.makeRoom()
    this.tokenCache.trim()
    const length = this.countTerms(texts)
    this.bury(ordinal)
    this.sequences?.keep()
    const number = this.documents.add(ordinal, length)
    const { postings, distinct, distinctCount } = this
    for (let i = 0; i < distinctCount; i++) postings.append(distinct[i]!, number, length)
    this.distinctCount = 0
  }

  delete(ordinal: number): boolean {
    if (!this.bury(ordinal)) return false
    this.compactIfDue()
    return true
  }

  search(query: string, options: IndexSearchOptions): TopHits {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    const limit = checkInteger('limit', options.limit)
    const filter: Bitset | undefined = options.filter
    const { postings, documents } = this
    const formula = fold(this.parameters, documents.averageLength)
    const { constant, perLength } = formula
    const scorers = this.scorers(query, formula)
    return this.searcher.search({ postings, documents, scorers, constant, perLength, limit, filter })
  }

  explain(query: string, ordinal: number): Explanation {
    checkInteger('ordinal', ordinal, 0)
    const number = this.documents.numberOf(ordinal)
    const formula = fold(this.parameters, this.documents.averageLength)
    const counts = this.queryTerms(query)
    const terms = this.scorers(query, formula).map(({ term }) => ({
      text: this.dictionary.text(term),
      queryFrequency: counts.get(term) ?? 0,
      documentFrequency: this.liveCount(term),
      frequency: number < 0 ? 0 : this.postings.frequency(term, number),
      fields: number < 0 ? [] : this.fieldFrequencies(term, number),
    }))
    return explainScore({
      parameters: this.parameters,
      terms,
      documentCount: this.documents.size,
      averageLength: this.documents.averageLength,
      length: number < 0 ? undefined : this.documents.lengths[number],
    })
  }

  private fieldFrequencies(term: number, document: number): FieldFrequency[] {
    const { fields, sequences } = this
    if (fields === undefined || sequences === undefined) return []
    const sequence = new Sequence()
    sequences.read(document, sequence)
    const times = new Uint32Array(fields.names.length + 1)
    for (let i = 0; i < sequence.count; i++) if (sequence.terms[i] === term) times[sequence.fields[i]! + 1]!++
    return [...times.entries()]
      .filter(([, count]) => count > 0)
      .map(([at, count]) => ({
        name: fields.names[at - 1],
        weight: fields.weights[at - 1] ?? 1,
        times: count,
      }))
  }

  documentFrequency(term: string): number {
    const id = this.dictionary.find(term, 0, term.length)
    return id < 0 ? 0 : this.liveCount(id)
  }

  *terms(): IterableIterator<string> {
    for (let term = 0; term < this.dictionary.size; term++) {
      if (this.liveCount(term) > 0) yield this.dictionary.text(term)
    }
  }

  statistics(): Bm25Statistics {
    return {
      documentCount: this.documents.size,
      averageLength: this.documents.averageLength / this.parameters.unit,
      termCount: this.dictionary.size,
      deletedCount: this.deleted.length,
      byteLength:
        this.dictionary.byteLength +
        this.postings.byteLength +
        this.documents.byteLength +
        (this.sequences?.byteLength ?? 0) +
        this.searcher.byteLength +
        this.tokenCache.byteLength,
    }
  }

  compact(): void {
    const { documents, postings, dictionary } = this
    const keptDocuments = new Documents()
    /** New number + 1 by old number, 0 for deleted. */
    const newNumbers = new Uint32Array(documents.count)
    for (let number = 0; number < documents.count; number++) {
      const length = documents.lengths[number]!
      if (length !== DELETED) newNumbers[number] = keptDocuments.add(documents.ordinals[number]!, length) + 1
    }
    const keptDictionary = new StringTable()
    const keptPostings = new Postings()
    const newTerms = new Uint32Array(dictionary.size)
    for (let term = 0; term < dictionary.size; term++) {
      const count = this.liveCount(term)
      if (count === 0) continue
      const text = dictionary.text(term)
      const id = keptDictionary.intern(text, 0, text.length)
      newTerms[term] = id
      postings.copyTerm(term, keptPostings, id, newNumbers, documents.lengths, count)
    }
    if (this.sequences !== undefined) this.sequences = this.compactSequences(this.sequences, newTerms)
    this.documents = keptDocuments
    this.postings = keptPostings
    this.dictionary = keptDictionary
    this.tokenCache = new TokenCache(this.analyzer, keptDictionary)
    this.deleted = []
    this.deadCounts = new Uint32Array(0)
    this.deadSeen = new Uint32Array(0)
  }

  private compactSequences(sequences: Sequences, newTerms: Uint32Array): Sequences {
    const kept = new Sequences()
    const scratch = new Sequence()
    for (let number = 0; number < this.documents.count; number++)
      if (this.documents.lengths[number]! !== DELETED) sequences.copyTo(kept, number, newTerms, scratch)
    return kept
  }

  /** Marks the ordinal's document deleted, if there is one. */
  private bury(ordinal: number): boolean {
    const number = this.documents.delete(ordinal)
    if (number >= 0) this.deleted.push(number)
    return number >= 0
  }

  private compactIfDue(): void {
    const dead = this.deleted.length
    if (dead >= DEAD_MINIMUM && dead > DEAD_SHARE * this.documents.count) this.compact()
  }

  /** Before a document is added: terms and numbers may change here, and not while its terms are counted. */
  private makeRoom(): void {
    this.compactIfDue()
    if (this.documents.count < MAX_DOCUMENTS) return
    this.compact()
    if (this.documents.count < MAX_DOCUMENTS) return
    throw new RagError(
      'unsupported',
      `A BM25 index holds at most ${MAX_DOCUMENTS} documents. Use several indexes.`,
    )
  }

  /** The text, or the texts by field. */
  private textsOf(content: string | FieldTexts): string | readonly (string | undefined)[] {
    if (typeof content === 'string') return content
    if (typeof content !== 'object' || content === null) invalid('text', 'a string', content)
    if (this.fields !== undefined) return this.fields.textsOf(content)
    invalid('text', 'a string in an index without `fields`', content, 'Make the index with `fields`.')
  }

  /**
   * Counts a text's terms in the postings' counters, listing them in `distinct`; returns its length in terms.
   * When the analyzer throws, nothing has been counted.
   */
  private countTerms(texts: string | readonly (string | undefined)[]): number {
    const { parameters, sequences, fields } = this
    sequences?.begin()
    try {
      if (typeof texts === 'string') return this.countTokens(texts, parameters.unit)
      let length = 0
      for (const [field, text] of texts.entries()) {
        if (text === undefined) continue
        sequences?.beginField(field)
        length += this.countTokens(text, fields!.counted[field]!)
      }
      return length
    } catch (error) {
      for (let i = 0; i < this.distinctCount; i++) this.postings.resetCount(this.distinct[i]!)
      this.distinctCount = 0
      throw error
    }
  }

  /** @param weight what each term counts */
  private countTokens(text: string, weight: number): number {
    const { tokens, tokenCache, sequences } = this
    this.analyzer.tokenize(text, tokens)
    const { codes } = tokenCache
    let length = 0
    for (let first = 0; first < tokens.count; ) {
      const count = tokenCache.read(text, tokens, first)
      this.postings.warm(codes, count)
      first += count
      for (let i = 0; i < count; i++) {
        const code = codes[i]!
        if (code >= 0) {
          this.countTerm(code, weight)
          length++
        } else if (code !== ONLY_STOP) length += this.countRun(code, weight)
      }
      sequences?.writeTokens(codes, count, tokenCache)
    }
    return length * weight
  }

  /** Counts the terms of an identifier; returns the length they count for. */
  private countRun(code: number, weight: number): number {
    const { run } = this.tokenCache
    const start = this.tokenCache.severalAt(code)
    const end = start + 2 + run[start]!
    for (let i = start + 2; i < end; i++) this.countTerm(run[i]!, weight)
    return run[start + 1]!
  }

  private countTerm(term: number, weight: number): void {
    if (this.postings.countUp(term, weight) > 0) return
    if (this.distinctCount === this.distinct.length)
      this.distinct = grownUint32(this.distinct, this.distinctCount + 1)
    this.distinct[this.distinctCount++] = term
  }

  /** How often the query says each term of the dictionary. */
  private queryTerms(query: string): Map<number, number> {
    const { tokens, tokenCache, dictionary } = this
    this.analyzer.tokenize(query, tokens)
    const counts = new Map<number, number>()
    const add = (term: number) => counts.set(term, (counts.get(term) ?? 0) + 1)
    for (let i = 0; i < tokens.count; i++) {
      const start = tokens.starts[i]!
      const end = tokens.ends[i]!
      const code = tokenCache.peek(query, start, end)
      if (code >= 0) add(code)
      else if (code === UNKNOWN) {
        for (const { text } of this.analyzer.terms(query.slice(start, end))) {
          const term = dictionary.find(text, 0, text.length)
          if (term >= 0) add(term)
        }
      } else if (code !== ONLY_STOP) {
        const first = tokenCache.severalAt(code)
        for (let j = 0; j < tokenCache.run[first]!; j++) add(tokenCache.run[first + 2 + j]!)
      }
    }
    return counts
  }

  /**
   * The query's terms that stand in some document, heaviest first; equal ones as the query has them, so that
   * the order of additions, and with it the last bit of a score, does not depend on the index's history.
   */
  private scorers(query: string, { base, scale, constant, perLength }: FoldedFormula): TermScorer[] {
    const scorers: TermScorer[] = []
    for (const [term, times] of this.queryTerms(query)) {
      const documentFrequency = this.liveCount(term)
      if (documentFrequency === 0) continue
      const idf = times * inverseDocumentFrequency(this.parameters, this.documents.size, documentFrequency)
      const weight = idf * scale
      const bound = idf * base + weight * this.postings.highestSaturation(term, constant, perLength)
      scorers.push({ term, base: idf * base, weight, bound })
    }
    return scorers.sort((x, y) => y.base + y.weight - (x.base + x.weight))
  }

  /**
   * Documents alive that have the term. Postings of deleted documents stay until compaction, so they are
   * counted here, once per term and deletion: one look-up per deletion since the last time, or a walk over
   * the postings when that is shorter.
   */
  private liveCount(term: number): number {
    const count = this.postings.count(term)
    const { deleted } = this
    if (deleted.length === 0 || count === 0) return count
    if (term >= this.deadSeen.length) {
      this.deadSeen = grownUint32(this.deadSeen, this.dictionary.size)
      this.deadCounts = grownUint32(this.deadCounts, this.dictionary.size)
    }
    const seen = this.deadSeen[term]!
    if (seen < deleted.length) {
      if ((deleted.length - seen) * 16 > count) {
        this.deadCounts[term] = this.postings.countMarked(term, this.documents.lengths, DELETED)
      } else {
        for (let i = seen; i < deleted.length; i++) {
          if (this.postings.frequency(term, deleted[i]!) > 0) this.deadCounts[term]!++
        }
      }
      this.deadSeen[term] = deleted.length
    }
    return count - this.deadCounts[term]!
  }
}
