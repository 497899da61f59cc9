import { checkInteger, checkNumber } from '../check.js'
import { isAbort, isRagError, RagError } from '../errors.js'
import { isRetryable } from './retry.js'

export interface CircuitBreakerOptions {
  /** Failures one after the other that open the circuit. @default 5 */
  readonly failures?: number | undefined
  /** How long an open circuit lets nothing through. @default 30_000 */
  readonly cooldownMs?: number | undefined
  /**
   * Whether an error says that the service is unwell, not that the request was wrong. Aborts never do.
   * @default errors marked `retryable`, failed stores, and errors that are not of this library
   */
  readonly isFailure?: ((error: unknown) => boolean) | undefined
  /** Milliseconds from any origin, never going back. @default performance.now */
  readonly now?: (() => number) | undefined
}

/** `closed`: calls go through. `open`: none does. `half-open`: one may try. */
export type CircuitState = 'closed' | 'open' | 'half-open'

export interface CircuitBreaker {
  readonly state: CircuitState
  /**
   * @param options.signal the one that `fn` honours, so that its abort is not taken for a failure
   * @throws CircuitOpenError at once, without calling, while the circuit is open or a trial is on its way
   */
  run<T>(fn: () => Promise<T>, options?: { readonly signal?: AbortSignal | undefined }): Promise<T>
}

/** A call that was not made. `code` and `cause` are of the failure that opened the circuit. */
export class CircuitOpenError extends RagError {
  override readonly name = 'CircuitOpenError'
  readonly retryable = true
  /** Until the next trial, in milliseconds. */
  readonly retryAfterMs: number

  constructor(retryAfterMs: number, cause: unknown) {
    const seconds = Math.ceil(retryAfterMs / 1000)
    super(
      isRagError(cause) ? cause.code : 'model-failed',
      `The call was not made: the service failed several times in a row, and is tried again in ${seconds} s.`,
      { details: { retryAfterMs }, cause },
    )
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * Leaves a service alone that keeps failing, so that callers do not wait for what will not come (Nygard, "Release
 * It!", 2007, ch. 5.2). After `failures` in a row nothing is let through for `cooldownMs`; then one call is tried: when
 * it succeeds, calls go through again; when it fails, the wait begins anew. Share one breaker among all callers of a
 * service, inside `retry`, which waits for as long as the error asks.
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  const failures = checkInteger('failures', options.failures ?? 5)
  const cooldownMs = checkNumber('cooldownMs', options.cooldownMs ?? 30_000, 0)
  const { isFailure = saysUnwell, now = () => performance.now() } = options
  let inARow = 0
  /** Of the last failure that opened the circuit; undefined while it is closed. */
  let opened: { readonly at: number; readonly cause: unknown } | undefined
  let trying = false

  return {
    get state() {
      if (opened === undefined) return 'closed'
      return now() - opened.at < cooldownMs ? 'open' : 'half-open'
    },
    async run(fn, { signal } = {}) {
      signal?.throwIfAborted()
      const isTrial = opened !== undefined
      if (opened !== undefined) {
        const left = cooldownMs - (now() - opened.at)
        if (left > 0 || trying) throw new CircuitOpenError(Math.max(0, left), opened.cause)
        trying = true
      }
      try {
        const result = await fn()
        inARow = 0
        // A call that set out before the circuit opened says nothing of how the service is now.
        if (isTrial) opened = undefined
        return result
      } catch (cause) {
        const isAborted = isAbort(cause, signal)
        if (!isAborted && isFailure(cause)) {
          inARow += 1
          if (isTrial || inARow >= failures) opened = { at: now(), cause }
        } else if (isTrial && !isAborted) {
          // It answered, if only to refuse this request.
          opened = undefined
          inARow = 0
        }
        throw cause
      } finally {
        if (isTrial) trying = false
      }
    },
  }
}

function saysUnwell(error: unknown): boolean {
  return isRetryable(error) || isRagError(error, 'store-failed') || !isRagError(error)
}
