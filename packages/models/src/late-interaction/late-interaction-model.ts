import { checkInteger, checkOneOf, invalid, ModelError, type RelevanceModel, timed } from '@tesserae/core'
import { checkTexts } from '../calls.js'
import { turn } from '../turn.js'
import { maxSim } from './max-sim.js'
import type { TokenEmbedder, TokenVectors } from './token-embedder.js'

export interface LateInteractionOptions {
  readonly tokens: TokenEmbedder
  /**
   * Whether a token of the query counts by the weight its embedder gives it, which is high for rare words, or all
   * count alike. @default 'tokens'
   */
  readonly queryWeights?: 'tokens' | 'equal' | undefined
  /** Passages of one call, at most. @default 64 */
  readonly maxBatchSize?: number | undefined
}

/** Similarities computed between two turns of the event loop. */
const stride = 1 << 16

/**
 * Late interaction over token vectors (MaxSim): each token of the query is compared with every token of the
 * passage, and the best match of each counts. It needs no weights of its own and no network. It is not a
 * cross-encoder: query and passage are never read together, and over a table of token vectors no token knows its
 * neighbours. What it sees and one vector per text does not: that a certain word of the query is, or is not, there.
 *
 * @throws RagError `invalid-argument` for wrong options, `model-failed` when the embedder's rows do not fit.
 */
export function lateInteractionModel(options: LateInteractionOptions): RelevanceModel {
  const { tokens } = options
  if (typeof tokens?.embedTokens !== 'function') invalid('tokens', 'an embedder with `embedTokens`', tokens)
  const dimensions = checkInteger('tokens.tokenDimensions', tokens.tokenDimensions)
  const queryWeights = checkOneOf('queryWeights', options.queryWeights ?? 'tokens', ['tokens', 'equal'])
  const maxBatchSize = checkInteger('maxBatchSize', options.maxBatchSize ?? 64)
  const id = `late-interaction:${tokens.id}${queryWeights === 'equal' ? ':equal' : ''}`

  const score = async (
    query: string,
    passages: readonly string[],
    call: Parameters<RelevanceModel['score']>[2],
  ) => {
    const { signal, observer } = call ?? {}
    const [asked] = await tokens.embedTokens([query], { role: 'query', signal, observer })
    const first = checkRows(id, asked, dimensions)
    const weighted = queryWeights === 'tokens' ? first : { vectors: first.vectors }
    const scores = new Float32Array(passages.length)
    let done = 0
    for (let start = 0; start < passages.length; start += maxBatchSize) {
      const batch = passages.slice(start, start + maxBatchSize)
      const rows = await tokens.embedTokens(batch, { role: 'document', signal, observer })
      for (let place = 0; place < batch.length; place++) {
        const passage = checkRows(id, rows[place], dimensions)
        scores[start + place] = maxSim(weighted, passage, dimensions)
        done += (first.vectors.length / dimensions) * (passage.vectors.length / dimensions)
        if (done >= stride) {
          done = 0
          await turn()
          signal?.throwIfAborted()
        }
      }
    }
    return scores
  }
  return {
    id,
    maxBatchSize,
    async score(query, passages, call = {}) {
      if (typeof query !== 'string') invalid('query', 'a string', query)
      checkTexts(passages, 'passages')
      call.signal?.throwIfAborted()
      if (passages.length === 0) return new Float32Array(0)
      return timed(call.observer, 'score.run', id, () => score(query, passages, call), {
        counts: () => ({ passages: passages.length }),
        signal: call.signal,
      })
    },
  }
}

function checkRows(id: string, rows: TokenVectors | undefined, dimensions: number): TokenVectors {
  const count = (rows?.vectors.length ?? Number.NaN) / dimensions
  if (rows === undefined || !Number.isInteger(count) || (rows.weights?.length ?? count) !== count) {
    throw new ModelError(
      `"${id}" got token vectors that do not fit: there must be rows of ${dimensions} numbers for each text, and a weight for each row or none.`,
    )
  }
  return rows
}
