import { type RetryPolicy, retry } from './async/retry.js'
import { onAbort } from './async/signals.js'
import { checkInteger } from './check.js'
import { isRagError, ModelError } from './errors.js'
import type { GenerateRequest, GenerateResult, LanguageModel } from './language-model.js'
import type { CallOptions } from './observer.js'

export interface ModelCallOptions extends CallOptions {
  /** Time of one call in milliseconds; it is over then, whether or not the model listens. @default 60_000 */
  readonly timeoutMs?: number | undefined
  /** Retries of one call; `false` for none. @default the defaults of `retry` */
  readonly retry?: RetryPolicy | false | undefined
}

/**
 * One answer of a language model, within a time and with retries. Rejects with a `RagError`: the model's own, a
 * retryable `ModelError` when the time is over, or a `ModelError` for anything else it throws and for an answer
 * without `text`. Rejects with the reason of the signal as soon as it is aborted.
 */
export async function callLanguageModel(
  model: LanguageModel,
  request: GenerateRequest,
  options: ModelCallOptions = {},
): Promise<GenerateResult> {
  const { signal, observer } = options
  // Timers count in 32 bits.
  const timeoutMs = checkInteger('timeoutMs', options.timeoutMs ?? 60_000, 1, 2 ** 31 - 1)
  const once = () =>
    within(timeoutMs, signal, model.id, (inner) => model.generate(request, { signal: inner, observer }))
  try {
    const result = options.retry === false ? await once() : await retry(once, { ...options.retry, signal })
    if (typeof result?.text !== 'string') {
      throw new ModelError(`The language model "${model.id}" gave an answer without \`text\`.`)
    }
    return result
  } catch (error) {
    signal?.throwIfAborted()
    if (isRagError(error)) throw error
    const told = error instanceof Error ? error.message : String(error)
    throw new ModelError(`The language model "${model.id}" failed: ${told}`, { cause: error })
  }
}

/** Settles with `work`, the abort of `outer` or the end of the time, whichever comes first. */
function within<T>(
  timeoutMs: number,
  outer: AbortSignal | undefined,
  id: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (outer?.aborted) {
      reject(outer.reason)
      return
    }
    const stop = new AbortController()
    const leave = () => {
      clearTimeout(timer)
      unlisten()
    }
    const end = (reason: unknown) => {
      leave()
      reject(reason)
      stop.abort(reason)
    }
    const timer = setTimeout(() => {
      const message = `The language model "${id}" gave no answer within ${timeoutMs} ms; raise \`timeoutMs\`.`
      end(new ModelError(message, { retryable: true, details: { timeoutMs } }))
    }, timeoutMs)
    const unlisten = onAbort(outer, () => end(outer?.reason))
    const started = async () => work(stop.signal)
    // A model that does not listen may settle later: by then nobody is waiting.
    started().then(resolve, reject).finally(leave)
  })
}
