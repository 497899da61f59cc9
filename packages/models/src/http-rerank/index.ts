export type { EndpointOptions } from '../remote/http.js'
export type { Parameters } from '../remote/parameters.js'
export { type HttpRerankModelOptions, httpRerankModel, type RerankService } from './rerank-model.js'
