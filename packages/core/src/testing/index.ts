/**
 * The laws of every port, and what tests of other packages need: generated texts and data, fakes that record
 * their calls. No test framework is imported: a law has a name and a `run` that rejects with a `LawViolation`.
 *
 * ```ts
 * for (const law of chunkerLaws(() => myChunker(), { exempt: { ... } })) it(law.name, () => law.run())
 * ```
 *
 * Names of laws are stable: exemptions refer to them. The suites and their laws:
 *
 * `chunkerLaws`(chunker | factory, options): chunkers, over generated texts of every kind
 * - spans are in bounds and not empty
 * - spans are sorted by start
 * - no surrogate pair or CRLF is cut
 * - every character that is not blank is in a chunk
 * - no span comes twice
 * - no chunk is over the token cap, context counted
 * - tokens tell the size of the span
 * - chunk text is the slice of the document
 * - chunk ids are stable, not empty and distinct
 * - an empty or blank document has no chunks
 * - splitting again gives the same spans
 * - what was split before does not matter
 * - the document is left as it was
 * - repeated paragraphs keep their own offsets
 * - one huge line is split like any text
 * - an abort rejects with the reason of the signal
 * - the id names the chunker and stays the same
 *
 * `embedderLaws`(embedder | factory, options): embedders
 * - id, dimensions and batch size are declared
 * - one row per text, dimensions wide
 * - no texts give an empty array
 * - every number is finite and every vector has unit length
 * - vectors do not depend on the batch
 * - the order of texts is kept
 * - embedding again gives the same vectors
 * - one text too many is embedded or refused, never dropped
 * - different texts have different vectors
 * - the texts are left as they were
 * - a result is not overwritten by the next call
 * - an abort rejects with the reason of the signal
 *
 * `vectorIndexLaws`(make, { exact }): vector indexes, against an exhaustive scan; one of the two recall laws runs, by `exact`
 * - dimensions, metric and size are told
 * - finds what an exhaustive scan finds
 * - finds nearly all that an exhaustive scan finds
 * - equal scores come by ascending ordinal
 * - a deleted vector does not come back
 * - a vector set again replaces the old one
 * - a limit above the size gives everything
 * - as many come back as match the filter, up to the limit
 * - an ordinal past the end of the filter is not in it
 * - a filter over ordinals that are not there gives nothing
 * - a vector of the wrong length or not finite is refused
 * - a zero vector never gives a score that is not a number
 * - a bad limit or ordinal is refused
 * - vectors and queries are copied and left as they were
 * - a result is not overwritten by the next search
 * - an empty index finds nothing
 * - ordinals may be sparse
 * - searching and building again give the same hits
 *
 * `lexicalIndexLaws`(make, options): lexical indexes
 * - exactly the documents that share a term with the query come back
 * - equal scores come by ascending ordinal
 * - a limit keeps the best
 * - a filter keeps what it allows, with the same scores
 * - deleting and replacing leave no trace
 * - the order of insertion does not matter
 * - an explanation has the value of the score, from finite numbers
 * - hostile queries are queries
 * - hostile documents are documents
 * - a bad limit or ordinal is refused
 * - a result is not overwritten by the next search
 * - searching and building again give the same hits
 *
 * `storeLaws`(make, { vector, text, reopen }): stores, and the searches that the options declare
 * - what was written comes back whole
 * - an id already there is replaced
 * - deleted chunks are gone
 * - list tells the chunks of one document
 * - a bad entry leaves nothing of its upsert behind
 * - reading changes nothing
 * - what was given is not kept
 * - calls about nothing do nothing
 * - hostile ids, keys and strings come back
 * - lone surrogates come back
 * - numbers come back as they were
 * - calls made at the same time do not disturb each other
 * - an abort rejects with the reason of the signal and writes nothing
 * - vector search: dimensions are told
 * - vector search: the nearest are found
 * - vector search: filters keep their meaning
 * - vector search: limits are kept
 * - vector search: equal scores come in order of chunk id
 * - vector search: chunks without a vector are not found
 * - vector search: deleted and replaced vectors are not found
 * - vector search: a bad query vector is refused
 * - vector search: an empty store finds nothing
 * - text search: exactly the chunks that share a word are found
 * - text search: the context of a chunk is searched too
 * - text search: filters keep their meaning
 * - text search: limits are kept
 * - text search: equal scores come in order of chunk id
 * - text search: deleted and replaced texts are not found
 * - text search: hostile queries are queries
 * - text search: an empty store finds nothing
 * - what was written survives closing and opening
 *
 * `retrieverLaws`(make, options): retrievers over chunks that the suite makes
 * - the retriever has a name
 * - at most the limit comes back, five by default
 * - hits are stored chunks, best first, none twice, each with its trace
 * - every hit passes the filter
 * - as many come back as match the filter, up to the limit
 * - equal scores come in order of chunk id
 * - retrieving again gives the same hits
 * - hostile queries are queries
 * - an index of nothing finds nothing
 * - a bad limit is refused
 * - an abort rejects with the reason of the signal
 *
 * `rerankerLaws`(make, options): rerankers
 * - the reranker has a name
 * - hits are given ones, unchanged, best first, none twice
 * - at most the limit comes back, the best of all
 * - without a limit every hit comes back
 * - the trace of a hit is kept and goes on
 * - no hits give no hits
 * - one hit comes back alone
 * - equal scores come in order of chunk id
 * - the order of the given hits does not matter
 * - the given hits are left as they were
 * - reranking again gives the same hits
 * - hostile queries and texts are reranked
 * - a bad limit is refused
 * - an abort rejects with the reason of the signal
 *
 * `filterLaws`(evaluate, options): evaluators of filters
 * - eq and ne: same type and same value; a missing field and a list equal nothing
 * - lt, lte, gt and gte: numbers with numbers, strings by code unit, across types false
 * - strings compare by UTF-16 code unit, not by code point or locale
 * - in and notIn: equal to one of the values; an empty list has none
 * - startsWith and includes: exact parts of strings, nothing of other values
 * - has: a list holds an equal element; nothing else has elements
 * - exists: the field is there, whatever its value
 * - and, or and not: of nothing, of one, nested
 * - field names and values are taken as they are
 * - random filters mean what the reference evaluator says
 * - operators agree with each other
 *
 * `loaderLaws`(make, { failing, bytes, samples }): loaders
 * - the loader has a name
 * - items are documents or failures
 * - ids are not given twice
 * - marks are sorted, inside the text, and nest or are disjoint
 * - fields of marks have allowed values
 * - text does not begin with a byte order mark
 * - loading again gives the same
 * - stopping early does no harm
 * - an abort rejects with the reason of the signal
 * - a bad file is a failure among the others
 * - hostile files are documents or failures, never exceptions
 * - damaged files are documents or failures, never exceptions
 *
 * @module
 */
export {
  commonWord,
  inventedWords,
  randomChunks,
  randomFilter,
  randomMetadata,
  randomUnitVector,
} from './data.js'
export { checkExplanation, explanationNodes } from './explanation.js'
export { type FakeChunker, type FakeChunkerOptions, fakeChunker } from './fakes/chunker.js'
export {
  type EmbedCall,
  type FakeEmbedder,
  type FakeEmbedderOptions,
  fakeEmbedder,
  hashEmbedding,
} from './fakes/embedder.js'
export {
  type FakeLanguageModel,
  type FakeLanguageModelOptions,
  type FakeResponse,
  fakeLanguageModel,
} from './fakes/language-model.js'
export {
  type FakeLoader,
  type FakeLoaderOptions,
  type FakeSource,
  fakeLoader,
  textDocument,
} from './fakes/loader.js'
export {
  type FakeRelevanceModel,
  type FakeRelevanceModelOptions,
  fakeRelevanceModel,
  type ScoreCall,
  wordOverlap,
} from './fakes/relevance-model.js'
export {
  type FakeRetriever,
  type FakeRetrieverOptions,
  fakeRetriever,
  type RetrieveCall,
} from './fakes/retriever.js'
export { type FakeStore, type FakeStoreOptions, fakeStore, type StoreCall } from './fakes/store.js'
export { type Evidence, type Law, type LawOptions, LawViolation } from './law.js'
export { type ChunkerLawOptions, chunkerLaws } from './laws/chunker.js'
export { type EmbedderLawOptions, embedderLaws } from './laws/embedder.js'
export { type EvaluateFilter, type FilterLawOptions, filterLaws } from './laws/filter.js'
export { type FilterCase, type FilterCaseGroup, filterCases } from './laws/filter-cases.js'
export { type LexicalIndexLawOptions, lexicalIndexLaws, type MakeLexicalIndex } from './laws/lexical-index.js'
export { type LoaderLawOptions, loaderLaws, type NamedBytes } from './laws/loader.js'
export { type RerankerLawOptions, randomHits, rerankerLaws } from './laws/reranker.js'
export { type MakeRetriever, type RetrieverLawOptions, retrieverLaws } from './laws/retriever.js'
export { type StoreLawOptions, type StoreUnderTest, storeLaws } from './laws/store.js'
export { type MakeVectorIndex, type VectorIndexLawOptions, vectorIndexLaws } from './laws/vector-index.js'
export { markedDocument, markText } from './marks.js'
export { type Random, seededRandom } from './random.js'
export { shrinkText } from './shrink.js'
export { type GenerateTextsOptions, generateTexts, hugeLine, randomText } from './texts/generate.js'
