export type { EndpointOptions } from '../remote/http.js'
export type { Parameters } from '../remote/parameters.js'
export { type OpenAiEmbedderOptions, openAiEmbedder } from './embedder.js'
export { type OpenAiLanguageModelOptions, openAiLanguageModel } from './language-model.js'
