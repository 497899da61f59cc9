import {
  type Bitset,
  checkInteger,
  type Explanation,
  type IndexSearchOptions,
  invalid,
  RagError,
  type Span,
  type TopHits,
} from '@tesserae/core'
import { TokenSpans } from '../analysis/analyzer.js'
import { ManySearcher, type ManyTarget, type SearchManyOptions, sharedWords } from '../parallel/index.js'
import {
  type HeadFields,
  joinParts,
  readSnapshot,
  requireSame,
  type SnapshotParts,
  snapshotParts,
  withinMemory,
} from '../snapshot/index.js'
import type { SentQuery } from './bm25-image.js'
import {
  type Bm25Index,
  type Bm25Options,
  type Bm25Settings,
  type Bm25Statistics,
  checkOptions,
  type Suggestion,
  type SuggestOptions,
} from './bm25-options.js'
import { bm25Sections, readBm25 } from './bm25-snapshot.js'
import { compacted } from './compacted.js'
import { DeadCounts } from './dead-counts.js'
import { Documents } from './documents.js'
import type { FieldTexts } from './fields.js'
import { grownUint32 } from './grow.js'
import type { HighlightOptions } from './highlight.js'
import type { LexicalQuery } from './lexical-query.js'
import { MAX_DOCUMENTS } from './posting-layout.js'
import { Postings } from './postings.js'
import {
  explainQuery,
  highlightText,
  type IndexContent,
  runQuery,
  suggestTerms,
  termQuery,
} from './run-query.js'
import { Searcher } from './search.js'
import { Sequences } from './sequences.js'
import { StringTable } from './string-table.js'
import { ONLY_STOP, TokenCache, UNKNOWN } from './token-cache.js'
import { Vocabulary } from './vocabulary.js'

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
  return new TypedBm25Index(checkOptions(options))
}

class TypedBm25Index implements Bm25Index, IndexContent {
  readonly settings: Bm25Settings
  dictionary = new StringTable()
  /** Made when it is first asked for. */
  private sortedTerms: Vocabulary | undefined
  postings = new Postings()
  documents = new Documents()
  sequences: Sequences | undefined
  private tokenCache: TokenCache
  readonly searcher = new Searcher()
  private readonly tokens = new TokenSpans()
  /** Calls that may have changed it. */
  private changes = 0
  private readonly many = new ManySearcher()

  private dead = new DeadCounts()

  /** Terms of the document being added, each once. */
  private distinct = new Uint32Array(1 << 8)
  private distinctCount = 0

  constructor(settings: Bm25Settings) {
    this.settings = settings
    this.sequences = settings.positions ? new Sequences() : undefined
    this.tokenCache = new TokenCache(settings.analyzer, this.dictionary)
  }

  get size(): number {
    return this.documents.size
  }

  get fieldNames(): readonly string[] {
    return this.settings.fields?.names ?? []
  }

  get analyzerId(): string {
    return this.settings.analyzer.id
  }

  has(ordinal: number): boolean {
    return this.documents.numberOf(ordinal) >= 0
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
    return runQuery(this, query, checkInteger('limit', options.limit), options.filter)
  }

  async searchMany(
    queries: readonly (string | LexicalQuery)[],
    options: SearchManyOptions,
  ): Promise<readonly TopHits[]> {
    const { filter } = options
    const limit = checkInteger('limit', options.limit)
    if (!Array.isArray(queries)) invalid('queries', 'an array', queries)
    let words: Uint32Array | undefined
    const wordsOf = (allowed: Bitset) => {
      if (allowed !== filter) return allowed.words
      words ??= sharedWords(allowed)
      return words
    }
    const target: ManyTarget<string | LexicalQuery> = {
      name: 'bm25',
      version: () => this.changes,
      answer: (some) => some.map((query) => runQuery(this, query, limit, filter)),
      image: () => ({
        kind: 'bm25',
        index: { postings: this.postings.share(), documents: this.documents.share() },
      }),
      task: (some) => {
        const sent: SentQuery[] = []
        for (const query of some) {
          const terms = termQuery(this, query, filter)
          if (terms === undefined) return undefined
          sent.push({ ...terms, filter: terms.filter && wordsOf(terms.filter) })
        }
        return { kind: 'terms', limit, queries: sent }
      },
    }
    return this.many.search(target, queries, options)
  }

  explain(query: string | LexicalQuery, ordinal: number): Explanation {
    return explainQuery(this, query, checkInteger('ordinal', ordinal, 0))
  }

  highlight(query: string | LexicalQuery, text: string, options: HighlightOptions = {}): Span[] {
    return highlightText(this, query, text, options)
  }

  suggest(word: string, options: SuggestOptions = {}): Suggestion[] {
    return suggestTerms(this, word, options)
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
      averageLength: this.documents.averageLength / this.settings.parameters.unit,
      termCount: this.dictionary.size,
      deletedCount: this.dead.size,
      byteLength:
        this.dictionary.byteLength +
        this.postings.byteLength +
        this.documents.byteLength +
        (this.sortedTerms?.byteLength ?? 0) +
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
        return readBm25(reader, this.sequences !== undefined, this.settings.fields?.names.length ?? 0)
      }),
    )
    this.changes++
    this.dictionary = loaded.dictionary
    this.sortedTerms = undefined
    this.postings = loaded.postings
    this.documents = loaded.documents
    this.sequences = loaded.sequences
    this.tokenCache = new TokenCache(this.settings.analyzer, loaded.dictionary)
    this.dead = new DeadCounts(loaded.deleted)
  }

  /** What is stored depends on these; the formula may be another. */
  private savedOptions(): HeadFields {
    const { analyzer, fields } = this.settings
    const { sequences } = this
    const always = { analyzer: analyzer.id, positions: sequences !== undefined }
    if (fields === undefined) return always
    return { ...always, fields: JSON.stringify(fields.names.map((name, i) => [name, fields.weights[i]])) }
  }

  compact(): void {
    this.changes++
    const { dictionary, postings, documents, sequences } = compacted(this)
    this.dictionary = dictionary
    this.postings = postings
    this.documents = documents
    this.sequences = sequences
    this.sortedTerms = undefined
    this.tokenCache = new TokenCache(this.settings.analyzer, dictionary)
    this.dead = new DeadCounts()
  }

  /** Marks the ordinal's document deleted, if there is one. */
  private bury(ordinal: number): boolean {
    const number = this.documents.delete(ordinal)
    if (number >= 0) this.dead.add(number)
    return number >= 0
  }

  private compactIfDue(): void {
    const dead = this.dead.size
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
    if (this.settings.fields !== undefined) return this.settings.fields.textsOf(content)
    invalid('text', 'a string in an index without `fields`', content, 'Make the index with `fields`.')
  }

  /**
   * Counts a text's terms in the postings' counters, listing them in `distinct`; returns its length in terms.
   * When the analyzer throws, nothing has been counted.
   */
  private countTerms(texts: string | readonly (string | undefined)[]): number {
    const { parameters, fields } = this.settings
    const { sequences } = this
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
    this.settings.analyzer.tokenize(text, tokens)
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
  queryTerms(query: string): Map<number, number> {
    const { tokens, tokenCache, dictionary } = this
    this.settings.analyzer.tokenize(query, tokens)
    const counts = new Map<number, number>()
    const add = (term: number) => counts.set(term, (counts.get(term) ?? 0) + 1)
    for (let i = 0; i < tokens.count; i++) {
      const start = tokens.starts[i]!
      const end = tokens.ends[i]!
      const code = tokenCache.peek(query, start, end)
      if (code >= 0) add(code)
      else if (code === UNKNOWN) {
        for (const { text } of this.settings.analyzer.terms(query.slice(start, end))) {
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

  get vocabulary(): Vocabulary {
    this.sortedTerms ??= new Vocabulary(this.dictionary)
    return this.sortedTerms
  }

  /** Documents alive that have the term. */
  liveCount(term: number): number {
    const { postings, documents, dictionary } = this
    const count = postings.count(term)
    return count === 0 ? 0 : count - this.dead.of(term, postings, documents, dictionary.size)
  }
}
