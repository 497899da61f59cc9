export type { ModelOptions } from './ask-model.js'
export type { CondenseOptions, ConversationOptions, ConversationRetriever } from './condense.js'
export { condenseRetriever } from './condense.js'
export type { DecomposeOptions } from './decompose.js'
export { decomposeRetriever } from './decompose.js'
export type {
  AskedQuery,
  ExpandedHits,
  ExpandingRetriever,
  ExpansionOptions,
  FallbackReason,
} from './expansion.js'
export type { FeedbackOptions } from './feedback/feedback-retriever.js'
export { feedbackRetriever } from './feedback/feedback-retriever.js'
export type { TermStatistics } from './feedback/term-weights.js'
export type { Glossary } from './glossary.js'
export { expandAcronyms } from './glossary.js'
export type { HydeOptions } from './hyde.js'
export { hydeRetriever } from './hyde.js'
export type { KeywordOptions } from './keywords.js'
export { keywordRetriever } from './keywords.js'
export type { MultiQueryOptions } from './multi-query.js'
export { multiQueryRetriever } from './multi-query.js'
export type { NormalizeQueryOptions } from './normalize-query.js'
export { normalizedRetriever, normalizeQuery } from './normalize-query.js'
export type { RewriteOptions } from './rewrite.js'
export { rewriteRetriever } from './rewrite.js'
export type {
  MetadataField,
  MetadataSchema,
  StandardMetadataSchema,
} from './self-query/metadata-schema.js'
export { metadataSchema } from './self-query/metadata-schema.js'
export type { SelfQuery, SelfQueryOptions, SelfQueryRetrieverOptions } from './self-query/self-query.js'
export { selfQuery, selfQueryRetriever } from './self-query/self-query.js'
export type { Spelling, SpellingOptions } from './spelling.js'
export { correctSpelling, spellingRetriever } from './spelling.js'
export type { StepBackOptions } from './step-back.js'
export { stepBackRetriever } from './step-back.js'
export type { SynonymOptions } from './synonyms.js'
export { synonymRetriever } from './synonyms.js'
export type { CalendarOptions, DatedPeriod, TimePeriod, TimeUnit } from './time/periods.js'
export { formatPeriod } from './time/periods.js'
export { readTime } from './time/read-time.js'
export type { TimeMention } from './time/time-mention.js'
export type { TimeOptions } from './time/time-retriever.js'
export { timeRetriever } from './time/time-retriever.js'
