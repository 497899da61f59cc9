import { checkInteger, checkOneOf, invalid, type RelevanceModel, tell } from '@tesserae/core'
import { checkTexts } from '../calls.js'
import { type EndpointOptions, endpointOf, postJson } from '../remote/http.js'
import { fieldOf } from '../remote/model-error.js'
import { checkName, checkTimeout, type Parameters } from '../remote/parameters.js'
import { readScores, tooMany } from '../remote/scores.js'

export type RerankService = 'cohere' | 'voyage' | 'jina'

export interface HttpRerankModelOptions extends EndpointOptions {
  /** Whose request and answer the endpoint speaks. */
  readonly service: RerankService
  readonly model: string
  /** Passages of one request, at most. @default 1,000 */
  readonly maxBatchSize?: number | undefined
  /** More fields of the request, for example `{ max_tokens_per_doc: 4096 }`. @default none */
  readonly parameters?: Parameters | undefined
}

interface Shape {
  readonly url: string
  /** Fields beside model, query and documents. */
  readonly fields: (documents: number) => object
  readonly results: string
  readonly usage: (answer: unknown) => unknown
}

/**
 * All three take `{model, query, documents}` and answer with `{index, relevance_score}` in their own order. Each
 * is asked for all of its scores. Voyage would cut long passages by default and is told to refuse them.
 */
const shapes: { readonly [service in RerankService]: Shape } = {
  cohere: {
    url: 'https://api.cohere.com/v2',
    fields: (documents) => ({ top_n: documents }),
    results: 'results',
    usage: () => undefined,
  },
  voyage: {
    url: 'https://api.voyageai.com/v1',
    fields: (documents) => ({ top_k: documents, truncation: false }),
    results: 'data',
    usage: (answer) => fieldOf(fieldOf(answer, 'usage'), 'total_tokens'),
  },
  jina: {
    url: 'https://api.jina.ai/v1',
    fields: (documents) => ({ top_n: documents, return_documents: false }),
    results: 'results',
    usage: (answer) => fieldOf(fieldOf(answer, 'usage'), 'total_tokens'),
  },
}

/**
 * A rerank API over HTTP in the shape of Cohere (v2), Voyage or Jina, which gateways and self-hosted servers
 * speak too. One request, no retries: `managedRelevanceModel` does that, and takes more passages.
 *
 * @throws RagError `model-failed` (a `ModelError`) for what goes wrong on the way or a score that is missing,
 * `invalid-argument` for wrong options and for more passages than one request may hold.
 */
export function httpRerankModel(options: HttpRerankModelOptions): RelevanceModel {
  const service = checkOneOf('service', options.service, ['cohere', 'voyage', 'jina'])
  const model = checkName('model', options.model)
  const maxBatchSize = checkInteger('maxBatchSize', options.maxBatchSize ?? 1000)
  const shape = shapes[service]
  const endpoint = endpointOf(
    `The rerank model "${model}"`,
    options,
    shape.url,
    '/rerank',
    checkTimeout(options.timeoutMs),
  )
  const id = `${service}:${model}`
  return {
    id,
    maxBatchSize,
    async score(query, passages, { signal, observer } = {}) {
      if (typeof query !== 'string') invalid('query', 'a string', query)
      checkTexts(passages, 'passages')
      signal?.throwIfAborted()
      if (passages.length === 0) return new Float32Array(0)
      if (passages.length > maxBatchSize) tooMany(id, passages.length, maxBatchSize)
      const body = {
        model,
        query,
        documents: passages,
        ...shape.fields(passages.length),
        ...options.parameters,
      }
      const answer = await postJson(endpoint, body, signal)
      const tokens = shape.usage(answer)
      if (typeof tokens === 'number') tell(observer, { type: 'score.usage', source: id, counts: { tokens } })
      return readScores(endpoint.name, fieldOf(answer, shape.results), 'relevance_score', passages.length)
    },
  }
}
