export {
  type AiSdkEmbedderOptions,
  type AiSdkEmbeddingModel,
  type AiSdkLanguageModel,
  type AiSdkOptions,
  type AiSdkRelevanceModelOptions,
  type AiSdkRerankingModel,
  aiSdkEmbedder,
  aiSdkLanguageModel,
  aiSdkRelevanceModel,
} from './ai-sdk.js'
