import { isAbort, isRagError } from './errors.js'
import type { Observer, RagEvent } from './observer.js'

/** Tells an observer, if there is one. One that throws is ignored: measuring must not break what is measured. */
export function tell(observer: Observer | undefined, event: RagEvent): void {
  if (observer === undefined) return
  try {
    observer(event)
  } catch {
    // Deliberately silent, see above.
  }
}

export interface Measured<T> {
  /** Counts to tell when the call succeeds. Never text. */
  readonly counts?: ((result: T) => { readonly [name: string]: number }) | undefined
  /** Ids, codes and modes to tell in any case. Never text. */
  readonly labels?: { readonly [name: string]: string } | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a call and tells how long it took. The event's label `outcome` is `ok`, `failed` (with the error's
 * `code` when it is one of this library) or `aborted`; the result or the error passes through unchanged.
 */
export async function timed<T>(
  observer: Observer | undefined,
  type: string,
  source: string,
  fn: () => Promise<T>,
  measured: Measured<T> = {},
): Promise<T> {
  if (observer === undefined) return fn()
  const started = performance.now()
  try {
    const result = await fn()
    tell(observer, {
      type,
      source,
      milliseconds: performance.now() - started,
      counts: measured.counts?.(result),
      labels: { ...measured.labels, outcome: 'ok' },
    })
    return result
  } catch (error) {
    const outcome = isAbort(error, measured.signal) ? 'aborted' : 'failed'
    tell(observer, {
      type,
      source,
      milliseconds: performance.now() - started,
      labels: { ...measured.labels, outcome, ...(isRagError(error) && { code: error.code }) },
    })
    throw error
  }
}
