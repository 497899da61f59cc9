import { checkInteger, invalid, ModelError, type RelevanceModel } from '@tesserae/core'
import { checkTexts } from '../calls.js'
import { fieldOf } from '../remote/model-error.js'
import { checkName, checkTimeout } from '../remote/parameters.js'
import { readScores, tooMany } from '../remote/scores.js'
import { type BedrockOptions, lazyCommands, regionOf, sendCommand } from './client.js'

export interface BedrockRelevanceModelOptions extends BedrockOptions {
  /** 'amazon.rerank-v1:0', 'cohere.rerank-v3-5:0', or an ARN. */
  readonly model: string
  /** Passages of one request, at most. @default 1,000, Bedrock's limit */
  readonly maxBatchSize?: number | undefined
}

/** Pages of one answer: an answer that never ends must not be read for ever. */
const mostPages = 100

/**
 * Amazon Rerank or Cohere Rerank through the Rerank operation of Bedrock's agent runtime, which charges by query.
 * One request, no retries: `managedRelevanceModel` does that, and takes more passages.
 *
 * @throws RagError as `bedrockEmbedder` does; `invalid-argument` for more passages than one request may hold.
 */
export function bedrockRelevanceModel(options: BedrockRelevanceModelOptions): RelevanceModel {
  const model = checkName('model', options.model)
  const maxBatchSize = checkInteger('maxBatchSize', options.maxBatchSize ?? 1000, 1, 1000)
  const timeoutMs = checkTimeout(options.timeoutMs)
  const commands = lazyCommands('agent', options)
  const id = `bedrock:${model}`
  const name = `The rerank model "${model}"`
  return {
    id,
    maxBatchSize,
    async score(query, passages, { signal } = {}) {
      if (typeof query !== 'string') invalid('query', 'a string', query)
      checkTexts(passages, 'passages')
      signal?.throwIfAborted()
      if (passages.length === 0) return new Float32Array(0)
      if (passages.length > maxBatchSize) tooMany(id, passages.length, maxBatchSize)
      const { client, command } = await commands()
      const modelArn = arnOf(model, options.region ?? (await regionOf(client)))
      const input = {
        queries: [{ type: 'TEXT', textQuery: { text: query } }],
        sources: passages.map((text) => ({
          type: 'INLINE',
          inlineDocumentSource: { type: 'TEXT', textDocument: { text } },
        })),
        rerankingConfiguration: {
          type: 'BEDROCK_RERANKING_MODEL',
          bedrockRerankingConfiguration: {
            numberOfResults: passages.length,
            modelConfiguration: { modelArn },
          },
        },
      }
      const results: unknown[] = []
      let nextToken: unknown
      for (let page = 0; page < mostPages; page++) {
        const rerank = command('RerankCommand', { ...input, ...(nextToken !== undefined && { nextToken }) })
        const call = { name, action: 'bedrock:Rerank', timeoutMs, signal }
        const answer = await sendCommand(client, rerank, call)
        const part = fieldOf(answer, 'results')
        if (!Array.isArray(part)) throw new ModelError(`${name} answered without a list of results.`)
        results.push(...part)
        nextToken = fieldOf(answer, 'nextToken')
        if (nextToken === undefined || results.length >= passages.length) break
      }
      return readScores(name, results, 'relevanceScore', passages.length)
    },
  }
}

function arnOf(model: string, region: string | undefined): string {
  if (model.startsWith('arn:')) return model
  if (region === undefined) {
    invalid('region', 'given with the id of a model', undefined, 'Or pass the ARN of the model as `model`.')
  }
  const partition = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
  return `arn:${partition}:bedrock:${region}::foundation-model/${model}`
}
