import { checkNumber } from '../check.js'
import { onAbort } from './signals.js'

/** Longest wait a timer can hold: larger values fire at once in every JavaScript engine. */
const longestTimerMs = 2_147_483_647

/** Waits `ms` milliseconds, or rejects with the signal's reason as soon as it aborts. */
export async function delay(ms: number, signal?: AbortSignal): Promise<void> {
  checkNumber('ms', ms, 0)
  signal?.throwIfAborted()
  let left = ms
  do {
    const step = Math.min(left, longestTimerMs)
    await timer(step, signal)
    left -= step
  } while (left > 0)
}

function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const handle = setTimeout(() => {
      leave()
      resolve()
    }, ms)
    const leave = onAbort(signal, () => {
      clearTimeout(handle)
      reject(signal?.reason)
    })
  })
}
