import { type Embedder, type Observer, tell, timed } from '@tesserae/core'
import { checkEmbedCall, checkTexts } from '../calls.js'
import type { TokenEmbedder } from '../late-interaction/token-embedder.js'
import { type EmbedEngine, makeEmbedEngine } from './embed-engine.js'
import { embedderSettings, type TransformersEmbedderOptions } from './embedder-options.js'
import type { PoolingMode, Prefixes } from './families.js'
import { orDispose } from './or-dispose.js'
import type { OversizeReport } from './pieces.js'
import { embedEngineInThread } from './thread.js'

export interface TransformersEmbedder extends Embedder, TokenEmbedder {
  /** Tokens that the model reads of a text, special tokens and prefix counted. */
  readonly maxTokens: number
  readonly pooling: PoolingMode
  readonly prefixes: Prefixes
  /** Tokens of each text as this model counts them, without prefix and special tokens. */
  countTokens(texts: readonly string[]): Promise<Uint32Array>
  /** Lets running calls finish and frees the model's memory; calls after that are refused. */
  dispose(): Promise<void>
}

/**
 * A sentence embedder in ONNX, run by transformers.js. Vectors have unit length and depend on the text alone: an
 * fp32 model's within 1e-6 whatever is computed beside it, an int8 model's because its texts run one by one.
 *
 * A text over `maxTokens` is by default split into pieces of equal length, and its vector is their mean weighted
 * by tokens; nothing is ever cut without being asked. Either is told to the observer as `embed.oversize`.
 *
 * @throws RagError `unsupported` without the optional peer, `load-failed` when the model's files cannot be had,
 * `incompatible` when they are no embedding model, `invalid-argument` for wrong options or a text that is refused.
 */
export async function transformersEmbedder(
  options: TransformersEmbedderOptions = {},
): Promise<TransformersEmbedder> {
  const settings = embedderSettings(options)
  options.signal?.throwIfAborted()
  const making = options.worker ? embedEngineInThread(settings) : makeEmbedEngine(settings)
  const engine: EmbedEngine = await orDispose(making, options.signal)
  const { id, dimensions, size, maxTokens, pooling, prefixes } = engine.facts
  return {
    id,
    dimensions,
    maxTokens,
    pooling,
    prefixes,
    maxBatchSize: 64,
    async embed(texts, call) {
      checkEmbedCall(texts, call)
      const { signal, observer, role } = call
      signal?.throwIfAborted()
      if (texts.length === 0) return new Float32Array(0)
      const result = await timed(observer, 'embed.run', id, () => engine.embed(texts, role, signal), {
        counts: ({ tokens }) => ({ texts: texts.length, tokens }),
        labels: { role },
        signal,
      })
      tellOversize(observer, 'embed.oversize', id, result.oversize)
      return result.vectors
    },
    tokenDimensions: size,
    async embedTokens(texts, call) {
      checkEmbedCall(texts, call)
      const { signal, observer, role } = call
      signal?.throwIfAborted()
      if (texts.length === 0) return []
      const { vectors, counts } = await timed(
        observer,
        'embed.run',
        id,
        () => engine.embedTokens(texts, role, signal),
        { counts: () => ({ texts: texts.length }), labels: { role }, signal },
      )
      let at = 0
      return Array.from(counts, (count) => {
        const start = at
        at += count * size
        return { vectors: vectors.subarray(start, at) }
      })
    },
    countTokens(texts) {
      checkTexts(texts)
      return engine.countTokens(texts)
    },
    dispose: () => engine.dispose(),
  }
}

export function tellOversize(
  observer: Observer | undefined,
  type: string,
  source: string,
  report: OversizeReport | undefined,
): void {
  if (report === undefined) return
  const { action, texts, pieces, dropped } = report
  tell(observer, { type, source, counts: { texts, pieces, dropped }, labels: { action } })
}
