export {
  defineEmbedder,
  type EmbedderAnswer,
  type EmbedderCall,
  type EmbedderDefinition,
} from './define/define-embedder.js'
export {
  type LateInteractionOptions,
  lateInteractionModel,
} from './late-interaction/late-interaction-model.js'
export type { SharedTokens, TokenEmbedder, TokenVectors } from './late-interaction/token-embedder.js'
export type { CallPolicy } from './managed/calls.js'
export {
  type CostEstimate,
  type ManagedEmbedder,
  type ManagedEmbedderOptions,
  managedEmbedder,
} from './managed/embedder.js'
export {
  type ManagedLanguageModel,
  type ManagedRelevanceModel,
  managedLanguageModel,
  managedRelevanceModel,
} from './managed/models.js'
export type { Price, Usage } from './managed/usage.js'
export { type WordPieceOptions, type WordPieceTokenizer, wordPieceTokenizer } from './wordpiece/tokenizer.js'
