import type { CallOptions, GenerateRequest, GenerateResult, LanguageModel, RetryPolicy } from '@tesserae/core'
import { checkInteger, invalid, isRagError, ModelError, retry } from '@tesserae/core'

const DEFAULT_TIMEOUT_MS = 60_000
/** After this many failures in a row the model is taken to be down, for the document at hand. */
export const MOST_FAILURES = 5

export function checkModel(model: LanguageModel | undefined): LanguageModel {
  if (typeof model?.generate !== 'function') invalid('model', 'a LanguageModel', model)
  return model
}

export function checkTimeout(timeoutMs: number | undefined): number {
  // Timers count in 32 bits.
  return checkInteger('timeoutMs', timeoutMs ?? DEFAULT_TIMEOUT_MS, 1, 2 ** 31 - 1)
}

/**
 * One answer of a model, within a time and with retries. Rejects with a `RagError`, or with the reason of the
 * signal as soon as it is aborted, whether or not the model listens to it.
 */
export async function callModel(
  model: LanguageModel,
  request: GenerateRequest,
  options: { readonly timeoutMs: number; readonly retry: RetryPolicy | false | undefined },
  call: CallOptions,
): Promise<GenerateResult> {
  const { signal, observer } = call
  const once = () =>
    within(options.timeoutMs, signal, model.id, (inner) =>
      model.generate(request, { signal: inner, observer }),
    )
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
      outer?.removeEventListener('abort', onAbort)
    }
    const end = (reason: unknown) => {
      leave()
      reject(reason)
      stop.abort(reason)
    }
    const onAbort = () => end(outer?.reason)
    const timer = setTimeout(() => {
      const message = `The language model "${id}" gave no answer within ${timeoutMs} ms; raise \`timeoutMs\`.`
      end(new ModelError(message, { retryable: true, details: { timeoutMs } }))
    }, timeoutMs)
    outer?.addEventListener('abort', onAbort, { once: true })
    const started = async () => work(stop.signal)
    // A model that does not listen may settle later: by then nobody is waiting.
    started().then(resolve, reject).finally(leave)
  })
}
