export {
  type LangChainChatModel,
  type LangChainEmbedderOptions,
  type LangChainEmbeddings,
  type LangChainLanguageModelOptions,
  langChainEmbedder,
  langChainLanguageModel,
} from './langchain.js'
