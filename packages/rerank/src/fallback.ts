import {
  type Hit,
  isRagError,
  type Metadata,
  type RagErrorCode,
  type RerankOptions,
  tell,
} from '@tesserae/core'
import { isTimeout, withDeadline } from './deadline.js'
import { limitOf } from './limit.js'

export interface FallbackOptions {
  /** Time for one call, in milliseconds; when it is over, the hits keep the order they came in. @default none */
  readonly timeoutMs?: number | undefined
  /**
   * When the model fails: the hits keep the order they came in and `rerank.degraded` is observed, or the call
   * throws. Mistakes of the caller (`invalid-argument`, `incompatible`, `unsupported`) always throw.
   * @default 'degrade'
   */
  readonly failure?: 'degrade' | 'throw' | undefined
}

const mistakes: readonly RagErrorCode[] = ['invalid-argument', 'incompatible', 'unsupported']

/** Runs a reranking; the hits as they came when it is late or, unless failures throw, when it fails. */
export async function orPreviousOrder<M extends Metadata>(
  name: string,
  hits: readonly Hit<M>[],
  options: RerankOptions,
  policy: FallbackOptions,
  rerank: (signal: AbortSignal) => Promise<readonly Hit<M>[]>,
): Promise<readonly Hit<M>[]> {
  const limit = limitOf(options, hits.length)
  try {
    return await withDeadline(policy.timeoutMs, options.signal, rerank)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (!isTimeout(error)) {
      if ((policy.failure ?? 'degrade') === 'throw') throw error
      if (isRagError(error) && mistakes.includes(error.code)) throw error
    }
    tell(options.observer, {
      type: 'rerank.degraded',
      source: name,
      counts: { hits: hits.length },
      labels: { reason: isRagError(error) ? error.code : error instanceof Error ? error.name : 'unknown' },
    })
    return hits.slice(0, limit)
  }
}
