import { checkInteger, invalid } from '../check.js'
import { delay } from './delay.js'
import { orAbort } from './signals.js'

export interface RateLimiterOptions {
  /** @default no limit */
  readonly requestsPerMinute?: number | undefined
  /** @default no limit */
  readonly tokensPerMinute?: number | undefined
  /** Milliseconds from any origin, never going back. @default performance.now */
  readonly now?: (() => number) | undefined
  /** Waits; replaced in tests. @default delay */
  readonly wait?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined
}

export interface RateLimiter {
  /** The quota of tokens, infinite when it was not set: no single request may be larger. */
  readonly tokensPerMinute: number
  /**
   * Resolves when one more request of so many tokens fits the quota, first come first served.
   * Throws `invalid-argument` when it could never fit; an abort gives the place in the queue back.
   */
  acquire(tokens?: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>
  /** Share of each quota used in the last minute, 0–1; 0 for a quota that was not set. */
  usage(): { readonly requests: number; readonly tokens: number }
}

const windowMs = 60_000

/**
 * Keeps to a service's quotas exactly: no 60 seconds, wherever they start, see more requests or tokens than
 * allowed. A token bucket of the same rate would let twice the quota through around its first minute.
 */
export function rateLimiter(options: RateLimiterOptions): RateLimiter {
  const maxRequests = quota('requestsPerMinute', options.requestsPerMinute)
  const maxTokens = quota('tokensPerMinute', options.tokensPerMinute)
  const { now = () => performance.now(), wait = delay } = options
  /** Grants of the last minute, oldest first, from `head` on. */
  let times: number[] = []
  let costs: number[] = []
  let head = 0
  let tokensUsed = 0
  let turn: Promise<void> = Promise.resolve()

  const forgetOld = (time: number) => {
    while (head < times.length && times[head]! + windowMs <= time) tokensUsed -= costs[head++]!
    if (head > 1024 && head * 2 > times.length) {
      times = times.slice(head)
      costs = costs.slice(head)
      head = 0
    }
  }

  /** Milliseconds until a request of `tokens` fits: until enough of the oldest grants are a minute old. */
  const waitFor = (tokens: number, time: number): number => {
    forgetOld(time)
    let requests = times.length - head
    let used = tokensUsed
    let oldest = head
    let until = time
    while (requests + 1 > maxRequests || used + tokens > maxTokens) {
      until = times[oldest]! + windowMs
      used -= costs[oldest]!
      requests -= 1
      oldest += 1
    }
    return until - time
  }

  const grant = async (tokens: number, signal: AbortSignal | undefined) => {
    for (;;) {
      signal?.throwIfAborted()
      const ms = waitFor(tokens, now())
      if (ms <= 0) break
      await wait(ms, signal)
    }
    times.push(now())
    costs.push(tokens)
    tokensUsed += tokens
  }

  return {
    tokensPerMinute: maxTokens,
    acquire(tokens = 0, { signal } = {}) {
      checkInteger('tokens', tokens, 0)
      if (tokens > maxTokens) {
        invalid('tokens', `at most tokensPerMinute = ${maxTokens}`, tokens, 'Send smaller batches.')
      }
      const previous = turn
      const granted = (async () => {
        await orAbort(previous, signal)
        await grant(tokens, signal)
      })()
      // Whoever comes next waits until this turn is over, granted or given up, and all turns before it.
      turn = Promise.allSettled([previous, granted]).then(() => {})
      return granted
    },
    usage() {
      forgetOld(now())
      return { requests: (times.length - head) / maxRequests, tokens: tokensUsed / maxTokens }
    },
  }
}

function quota(name: string, value: number | undefined): number {
  return value === undefined ? Number.POSITIVE_INFINITY : checkInteger(name, value)
}
