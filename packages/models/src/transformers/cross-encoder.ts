import { invalid, type RelevanceModel, timed } from '@tesserae/core'
import { checkTexts } from '../calls.js'
import { crossEncoderSettings, type TransformersCrossEncoderOptions } from './cross-encoder-options.js'
import { tellOversize } from './embedder.js'
import { orDispose } from './or-dispose.js'
import { makeScoreEngine, type ScoreEngine } from './score-engine.js'
import { scoreEngineInThread } from './thread.js'

export interface TransformersCrossEncoder extends RelevanceModel {
  /** Tokens that the model reads of query and passage together, special tokens counted. */
  readonly maxTokens: number
  /** Lets running calls finish and frees the model's memory; calls after that are refused. */
  dispose(): Promise<void>
}

/**
 * A cross-encoder in ONNX, run by transformers.js: reads query and passage together. Scores are the model's raw
 * logits: higher is more relevant, and only their order within one query means anything. For a model with
 * several labels the score is the log-odds of the `label` that means relevant.
 *
 * A passage too long for the window is by default read in pieces of equal length, and the best piece counts
 * (MaxP, Dai and Callan, SIGIR 2019). The query may take half of the window; a longer one is refused, or cut
 * when `oversize` is `truncate`. What was done is told to the observer as `score.oversize`.
 *
 * @throws RagError as `transformersEmbedder` does.
 */
export async function transformersCrossEncoder(
  options: TransformersCrossEncoderOptions = {},
): Promise<TransformersCrossEncoder> {
  const settings = crossEncoderSettings(options)
  options.signal?.throwIfAborted()
  const making = options.worker ? scoreEngineInThread(settings) : makeScoreEngine(settings)
  const engine: ScoreEngine = await orDispose(making, options.signal)
  const { id, maxTokens } = engine.facts
  return {
    id,
    maxTokens,
    maxBatchSize: 64,
    async score(query, passages, call = {}) {
      if (typeof query !== 'string') invalid('query', 'a string', query)
      checkTexts(passages, 'passages')
      const { signal, observer } = call
      signal?.throwIfAborted()
      if (passages.length === 0) return new Float32Array(0)
      const result = await timed(observer, 'score.run', id, () => engine.score(query, passages, signal), {
        counts: ({ tokens }) => ({ passages: passages.length, tokens }),
        signal,
      })
      tellOversize(observer, 'score.oversize', id, result.oversize)
      return result.scores
    },
    dispose: () => engine.dispose(),
  }
}
