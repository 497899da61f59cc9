import { checkInteger, checkNumber } from '../check.js'
import { isAbort, isRagError } from '../errors.js'
import { delay } from './delay.js'

export interface RetryPolicy {
  /** Calls in all, the first one included. @default 4 */
  readonly attempts?: number | undefined
  /** Upper end of the first wait. @default 250 */
  readonly baseMs?: number | undefined
  /** Upper end of any wait. @default 20_000 */
  readonly maxMs?: number | undefined
  /** A service that asks for a longer wait than this is not asked again. @default 60_000 */
  readonly maxRetryAfterMs?: number | undefined
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined
  /** Whether the same call may succeed later. @default errors of this library marked `retryable` */
  readonly shouldRetry?: ((error: unknown) => boolean) | undefined
  /** Waits; replaced in tests. @default delay */
  readonly wait?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined
}

export interface RetryOptions extends RetryPolicy {
  readonly signal?: AbortSignal | undefined
  /** Told before each wait: the attempt that failed, from 1, its error, and the wait. */
  readonly onRetry?: ((attempt: number, error: unknown, waitMs: number) => void) | undefined
}

/**
 * Calls until it succeeds. Waits are "full jitter", uniform in [0, min(maxMs, baseMs · 2^(attempt − 1)))
 * (Brooker, "Exponential Backoff And Jitter", 2015); when the error says `retryAfterMs`, that much comes on top
 * of nothing else than up to `baseMs` of jitter. The last error is thrown as it is; aborts are never retried.
 */
export async function retry<T>(fn: (attempt: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const attempts = checkInteger('attempts', options.attempts ?? 4)
  const baseMs = checkNumber('baseMs', options.baseMs ?? 250, 0)
  const maxMs = checkNumber('maxMs', options.maxMs ?? 20_000, 0)
  const maxRetryAfterMs = checkNumber('maxRetryAfterMs', options.maxRetryAfterMs ?? 60_000, 0)
  const { random = Math.random, shouldRetry = isRetryable, wait = delay, signal } = options
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await fn(attempt)
    } catch (error) {
      if (attempt >= attempts || isAbort(error, signal) || !shouldRetry(error)) throw error
      const asked = retryAfter(error)
      if (asked !== undefined && asked > maxRetryAfterMs) throw error
      const waitMs =
        asked === undefined
          ? random() * Math.min(maxMs, baseMs * 2 ** (attempt - 1))
          : asked + random() * baseMs
      options.onRetry?.(attempt, error, waitMs)
      await wait(waitMs, signal)
    }
  }
}

/** An error that its maker marked `retryable`, also one from another copy of the library. */
export function isRetryable(error: unknown): boolean {
  return isRagError(error) && 'retryable' in error && error.retryable === true
}

function retryAfter(error: unknown): number | undefined {
  if (!isRagError(error) || !('retryAfterMs' in error)) return undefined
  const { retryAfterMs } = error
  return typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? retryAfterMs : undefined
}
