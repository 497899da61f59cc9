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
import {
  type HeadFields,
  joinParts,
  readSnapshot,
  requireSame,
  type Savable,
  type SnapshotParts,
  snapshotParts,
  withinMemory,
} from '../snapshot/index.js'
import { bm25Sections, readBm25 } from './bm25-snapshot.js'
import { DELETED, Documents } from './documents.js'
import { allowedOrdinals, isAllowed, PartReader, type PartScorer, scoreParts } from './evaluate-query.js'
import { closestTerms } from './expand.js'
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
import { checkFuzzy, checkLexicalQuery, type FuzzyOptions, type LexicalQuery } from './lexical-query.js'
import { parseLexicalQuery } from './parse-query.js'
import { eachOccurrence } from './phrase.js'
import { MAX_DOCUMENTS, Postings } from './postings.js'
import { isVerified, type Lexicon, type Part, type ResolvedClause, resolveQuery } from './resolve-query.js'
import type { TermScorer } from './score.js'
import { Searcher } from './search.js'
import { Sequence, Sequences } from './sequences.js'
import { StringTable } from './string-table.js'
import { ONLY_STOP, TokenCache, UNKNOWN } from './token-cache.js'
import { Vocabulary } from './vocabulary.js'

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
  /** Keeps where terms stand, about 1.6 bytes for each: needed for phrases and for looking into fields. @default with `fields` or `syntax: 'operators'` */
  readonly positions?: boolean | undefined
  /**
   * How strings are read as queries: `'words'` as a bag of words whatever is in them, `'operators'` by
   * `parseLexicalQuery`, which needs positions. @default 'words'
   */
  readonly syntax?: 'words' | 'operators' | undefined
  /** Reads words that stand in no document and hold no digit as the words spelled like them. @default not */
  readonly fuzzy?: FuzzyOptions | undefined
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

export interface SuggestOptions extends FuzzyOptions {
  /** @default 5 */
  readonly limit?: number | undefined
}

export interface Suggestion {
  /** As the analyzer writes it: a stem, unless the index was made without stemming. */
  readonly text: string
  /** 1 − edits / length. */
  readonly similarity: number
  readonly documentFrequency: number
}

export interface Bm25Index extends LexicalIndex<IndexSearchOptions>, Savable {
  /** Adds or replaces. Text outside of fields has the weight 1. */
  set(ordinal: number, content: string | FieldTexts): void
  search(query: string | LexicalQuery, options: IndexSearchOptions): TopHits
  explain(query: string | LexicalQuery, ordinal: number): Explanation
  /** Terms of the index spelled like a word, closest first, then the most frequent: "did you mean". */
  suggest(word: string, options?: SuggestOptions): Suggestion[]
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
  const syntax = checkOneOf('syntax', options.syntax ?? 'words', ['words', 'operators'])
  const positions = options.positions ?? (fields !== undefined || syntax === 'operators')
  if (syntax === 'operators' && !positions) invalid('positions', "true with syntax 'operators'", positions)
  if (options.fuzzy !== undefined) checkFuzzy(options.fuzzy, 'fuzzy.')
  return new TypedBm25Index({
    parameters: checkParameters(options, fields?.unit ?? 1),
    analyzer: options.analyzer ?? englishAnalyzer(),
    fields,
    positions,
    syntax,
    fuzzy: options.fuzzy,
  })
}

interface Settings {
  readonly parameters: Bm25Parameters
  readonly analyzer: Analyzer
  readonly fields: Fields | undefined
  readonly positions: boolean
  readonly syntax: 'words' | 'operators'
  readonly fuzzy: FuzzyOptions | undefined
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
  private readonly syntax: 'words' | 'operators'
  private readonly fuzzy: FuzzyOptions | undefined
  /** Weights in units by field number + 1. */
  private readonly weights: readonly number[]
  private dictionary = new StringTable()
  /** Made when it is first asked for. */
  private vocabulary: Vocabulary | undefined
  private postings = new Postings()
  private documents = new Documents()
  private sequences: Sequences | undefined
  private tokenCache: TokenCache
  private readonly searcher = new Searcher()
  private readonly tokens = new TokenSpans()
  /** Calls that may have changed it. */
  private changes = 0

  /** Numbers of deleted documents in order of deletion. */
  private deleted: number[] = []
  /** By term: postings of deleted documents among the first `deadSeen` of `deleted`. */
  private deadCounts = new Uint32Array(0)
  private deadSeen = new Uint32Array(0)

  /** Terms of the document being added, each once. */
  private distinct = new Uint32Array(1 << 8)
  private distinctCount = 0

  constructor({ parameters, analyzer, fields, positions, syntax, fuzzy }: Settings) {
    this.syntax = syntax
    this.fuzzy = fuzzy
    this.weights = [parameters.unit, ...(fields?.counted ?? [])]
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
    this.changes++
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
    this.changes++
    this.compactIfDue()
    return true
  }

  search(query: string | LexicalQuery, options: IndexSearchOptions): TopHits {
    const limit = checkInteger('limit', options.limit)
    const filter: Bitset | undefined = options.filter
    const { postings, documents } = this
    const formula = fold(this.parameters, documents.averageLength)
    const clauses = this.clausesOf(query)
    if (typeof clauses === 'string') return this.searchTerms(this.queryParts(clauses), formula, limit, filter)
    const parts = clauses.flatMap((clause) => clause.parts)
    const reader = new PartReader(postings, documents, this.sequences, this.weights)
    const allowed = allowedOrdinals(clauses, reader, documents, filter)
    if (!parts.some(isVerified)) return this.searchTerms(parts, formula, limit, allowed)
    const scorers = heaviestFirst(parts.map((part) => this.partScorer(part, formula)))
    return scoreParts(scorers, reader, documents, formula, limit, allowed)
  }

  explain(query: string | LexicalQuery, ordinal: number): Explanation {
    checkInteger('ordinal', ordinal, 0)
    const number = this.documents.numberOf(ordinal)
    const clauses = this.clausesOf(query)
    const reader = new PartReader(this.postings, this.documents, this.sequences, this.weights)
    if (number >= 0 && typeof clauses !== 'string' && !isAllowed(clauses, reader, number))
      return { value: 0, description: 'a condition of the query does not hold', details: [] }
    const parts =
      typeof clauses === 'string' ? this.queryParts(clauses) : clauses.flatMap((clause) => clause.parts)
    const formula = fold(this.parameters, this.documents.averageLength)
    return explainScore({
      parameters: this.parameters,
      terms: heaviestFirst(parts.map((part) => this.partScorer(part, formula))).map(({ part }) => ({
        text: part.text,
        times: part.times,
        documentFrequencies: part.documentFrequencies,
        frequency: number < 0 ? 0 : reader.frequency(part, number),
        fields: number < 0 ? [] : this.fieldFrequencies(part, number),
      })),
      documentCount: this.documents.size,
      averageLength: this.documents.averageLength,
      length: number < 0 ? undefined : this.documents.lengths[number],
    })
  }

  suggest(word: string, options: SuggestOptions = {}): Suggestion[] {
    if (typeof word !== 'string') invalid('word', 'a string', word)
    checkFuzzy(options)
    const limit = checkInteger('limit', options.limit ?? 5)
    const { analyzer } = this
    const term = analyzer.terms(word)[0]?.text
    if (term === undefined) return []
    return closestTerms(term, { ...options, maxExpansions: limit }, this.lexicon()).map(
      ({ text, similarity, documentFrequency }) => ({ text, similarity, documentFrequency }),
    )
  }

  private fieldFrequencies(part: Part, document: number): FieldFrequency[] {
    const { fields, sequences } = this
    if (fields === undefined || sequences === undefined) return []
    const sequence = new Sequence()
    sequences.read(document, sequence)
    const times = new Uint32Array(fields.names.length + 1)
    eachOccurrence(sequence, part, (places) => {
      times[sequence.fields[places[0]!]! + 1]!++
    })
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
        (this.vocabulary?.byteLength ?? 0) +
        (this.sequences?.byteLength ?? 0) +
        this.searcher.byteLength +
        this.tokenCache.byteLength,
    }
  }

  save(): Uint8Array<ArrayBuffer> {
    return joinParts(this.saveParts())
  }

  saveParts(): SnapshotParts {
    const { dictionary, postings, documents, sequences } = this
    return snapshotParts({
      kind: 'bm25',
      options: this.savedOptions(),
      state: {},
      sections: bm25Sections({ dictionary, postings, documents, sequences }),
      version: () => this.changes,
    })
  }

  load(snapshot: Uint8Array | Iterable<Uint8Array>): void {
    const loaded = withinMemory(() =>
      readSnapshot(snapshot, 'bm25', (reader) => {
        requireSame(this.savedOptions(), reader.options)
        return readBm25(reader, this.sequences !== undefined, this.fields?.names.length ?? 0)
      }),
    )
    this.changes++
    this.dictionary = loaded.dictionary
    this.postings = loaded.postings
    this.documents = loaded.documents
    this.sequences = loaded.sequences
    this.tokenCache = new TokenCache(this.analyzer, loaded.dictionary)
    this.deleted = loaded.deleted
    this.deadCounts = new Uint32Array(0)
    this.deadSeen = new Uint32Array(0)
  }

  /** What is stored depends on these; the formula may be another. */
  private savedOptions(): HeadFields {
    const { analyzer, fields, sequences } = this
    const always = { analyzer: analyzer.id, positions: sequences !== undefined }
    if (fields === undefined) return always
    return { ...always, fields: JSON.stringify(fields.names.map((name, i) => [name, fields.weights[i]])) }
  }

  compact(): void {
    this.changes++
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
    this.vocabulary = undefined
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

  /** The query's clauses, resolved; a string when it is a bag of words and nothing else. */
  private clausesOf(query: string | LexicalQuery): string | ResolvedClause[] {
    if (typeof query === 'string' && this.syntax === 'words' && this.fuzzy === undefined) return query
    const { clauses } = this.parsed(query)
    const [first] = clauses
    if (this.fuzzy === undefined && clauses.length === 1 && first?.type === 'text') {
      const { text, occur = 'should', field, boost = 1 } = first
      if (occur === 'should' && field === undefined && boost === 1) return text
    }
    const resolved = resolveQuery({ clauses }, this.lexicon())
    if (this.sequences === undefined && resolved.some(looksIntoDocuments)) {
      throw new RagError(
        'unsupported',
        'Phrases and fields of a query need an index that keeps where terms stand. Make it with `positions: true`.',
      )
    }
    return resolved
  }

  private parsed(query: string | LexicalQuery): LexicalQuery {
    if (typeof query !== 'string') return checkLexicalQuery(query)
    if (this.syntax === 'words') return { clauses: [{ type: 'text', text: query }] }
    return parseLexicalQuery(query, { fields: this.fields?.names })
  }

  private lexicon(): Lexicon {
    this.vocabulary ??= new Vocabulary(this.dictionary)
    return {
      analyzer: this.analyzer,
      dictionary: this.dictionary,
      vocabulary: this.vocabulary,
      fields: this.fields,
      fuzzy: this.fuzzy,
      liveCount: (term) => this.liveCount(term),
    }
  }

  /** The terms of a bag of words that stand in some document, in the query's order. */
  private queryParts(query: string): Part[] {
    const parts: Part[] = []
    for (const [term, times] of this.queryTerms(query)) {
      const documentFrequency = this.liveCount(term)
      if (documentFrequency === 0) continue
      parts.push({
        text: this.dictionary.text(term),
        slots: [{ term, offset: 0 }],
        slop: 0,
        field: -1,
        times,
        documentFrequencies: [documentFrequency],
        leading: true,
      })
    }
    return parts
  }

  private partScorer(part: Part, { base, scale }: FoldedFormula): PartScorer {
    let idf = 0
    for (const documentFrequency of part.documentFrequencies)
      idf += inverseDocumentFrequency(this.parameters, this.documents.size, documentFrequency)
    return { part, base: part.times * idf * base, weight: part.times * idf * scale }
  }

  private searchTerms(
    parts: readonly Part[],
    formula: FoldedFormula,
    limit: number,
    filter: Bitset | undefined,
  ): TopHits {
    const { postings, documents } = this
    const { constant, perLength } = formula
    const scorers: TermScorer[] = parts.map((part) => {
      const { base, weight } = this.partScorer(part, formula)
      const { term } = part.slots[0]!
      const bound = base + weight * postings.highestSaturation(term, constant, perLength)
      return { term, base, weight, bound }
    })
    heaviestFirst(scorers)
    return this.searcher.search({ postings, documents, scorers, constant, perLength, limit, filter })
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

/**
 * Sorts by what is added at most; equal ones stay as the query has them, so that the order of additions, and with it
 * the last bit of a score, does not depend on the index's history.
 */
function heaviestFirst<S extends { readonly base: number; readonly weight: number }>(scorers: S[]): S[] {
  return scorers.sort((x, y) => y.base + y.weight - (x.base + x.weight))
}

function looksIntoDocuments({ parts, words }: ResolvedClause): boolean {
  return parts.some(isVerified) || (words?.some((word) => word.some(isVerified)) ?? false)
}
