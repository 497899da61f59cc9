export {
  commonWord,
  inventedWords,
  randomChunks,
  randomFilter,
  randomMetadata,
  randomUnitVector,
} from './data.js'
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
