import {
  checkInteger,
  isRagError,
  type Observer,
  onAbort,
  type RateLimiter,
  type RetryPolicy,
  retry,
  tell,
} from '@tesserae/core'
import type { Price, UsageMeter } from './usage.js'

/** How calls to a model are made; the same for every kind of model. */
export interface CallPolicy {
  /** Calls running at once. @default 4 */
  readonly concurrency?: number | undefined
  /** Retries of one call, with full jitter; `false` for none. @default four calls in all, up to 20 s apart */
  readonly retry?: RetryPolicy | false | undefined
  /** Quota that each call asks first: requests and tokens per minute. May be shared by several models. @default none */
  readonly limiter?: RateLimiter | undefined
  /** For `usage().cost`. @default none */
  readonly price?: Price | undefined
  /** Tokens of a text. @default an estimate, `pieceTokenizer()` of core */
  readonly tokensOf?: ((text: string) => number) | undefined
}

/** Lets so many in at once; the others wait in order. */
export interface Gate {
  pass<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T>
}

export function gate(concurrency: number | undefined): Gate {
  const most = checkInteger('concurrency', concurrency ?? 4)
  let inside = 0
  const queue = new Set<() => void>()
  const enter = async (signal: AbortSignal | undefined) => {
    signal?.throwIfAborted()
    if (inside < most) {
      inside += 1
      return
    }
    await new Promise<void>((resolve, reject) => {
      const admit = () => {
        unlisten()
        resolve()
      }
      queue.add(admit)
      const unlisten = onAbort(signal, () => {
        queue.delete(admit)
        reject(signal?.reason)
      })
    })
  }
  /** Whoever leaves hands the place to the next in the queue. */
  const leave = () => {
    const [next] = queue
    if (next === undefined) inside -= 1
    else {
      queue.delete(next)
      next()
    }
  }
  return {
    async pass(work, signal) {
      await enter(signal)
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}

export interface ManagedCall<T> {
  readonly source: string
  readonly tokens: number
  readonly policy: CallPolicy
  readonly meter: UsageMeter
  readonly signal: AbortSignal | undefined
  readonly observer: Observer | undefined
  readonly once: () => Promise<T>
}

/** One call: waits for the quota, counts, retries. Throws the last error. */
export async function managedCall<T>(call: ManagedCall<T>): Promise<T> {
  const { policy, meter, signal, observer, source, tokens } = call
  const attempt = async (number: number) => {
    await policy.limiter?.acquire(tokens, { signal })
    meter.sent(number)
    return call.once()
  }
  try {
    if (policy.retry === false) return await attempt(1)
    return await retry(attempt, {
      ...policy.retry,
      signal,
      onRetry: (number, error, waitMs) =>
        tell(observer, {
          type: 'model.retry',
          source,
          milliseconds: waitMs,
          counts: { attempt: number },
          ...(isRagError(error) && { labels: { code: error.code } }),
        }),
    })
  } catch (error) {
    signal?.throwIfAborted()
    meter.failed()
    throw error
  }
}
