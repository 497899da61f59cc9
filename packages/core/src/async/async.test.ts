import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelError, RagError } from '../errors.js'
import { batchBy } from './batch.js'
import { delay } from './delay.js'
import { takeOff } from './flight.js'
import { rateLimiter } from './limiter.js'
import { type RetryOptions, retry } from './retry.js'

describe('delay', () => {
  it('waits, and rejects with the reason when aborted before or during the wait', async () => {
    await delay(1)
    await expect(delay(1, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    const controller = new AbortController()
    const waiting = delay(3_000_000_000, controller.signal)
    controller.abort(new Error('during'))
    await expect(waiting).rejects.toThrow('during')
    await expect(delay(-1)).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

describe('batchBy', () => {
  it('keeps every item in order and both limits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(12)),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (items, maxItems, maxTokens) => {
          const batches = [...batchBy(items, { maxItems, maxTokens, tokensOf: (n) => n })]
          expect(batches.flat()).toEqual(items)
          for (const [place, batch] of batches.entries()) {
            const tokens = batch.reduce((sum, n) => sum + n, 0)
            expect(batch.length).toBeGreaterThan(0)
            expect(batch.length).toBeLessThanOrEqual(maxItems)
            expect(tokens <= maxTokens || batch.length === 1).toBe(true)
            // As long as the limits allow: the next batch's first item would not have fitted.
            const next = batches[place + 1]?.[0]
            if (next !== undefined) {
              expect(batch.length === maxItems || tokens + next > maxTokens).toBe(true)
            }
          }
        },
      ),
    )
  })

  it('refuses a token limit without a way to count', () => {
    expect(() => [...batchBy([1], { maxItems: 1, maxTokens: 2 })]).toThrow('tokensOf')
    expect(() => [...batchBy([1], { maxItems: 0 })]).toThrow('maxItems')
  })
})

describe('retry', () => {
  const throttled = (retryAfterMs?: number) => new ModelError('throttled', { retryable: true, retryAfterMs })

  async function waitsOf(errors: readonly unknown[], options: RetryOptions = {}) {
    const waits: number[] = []
    let call = 0
    const result = await retry(
      async (attempt) => {
        expect(attempt).toBe(call + 1)
        const error = errors[call++]
        if (error !== undefined) throw error
        return 'done'
      },
      { random: () => 0.5, wait: async (ms) => void waits.push(ms), ...options },
    ).catch((error: unknown) => error)
    return { waits, calls: call, result }
  }

  it('waits half of a doubling range when the random number is a half, up to the most', async () => {
    const errors = Array.from({ length: 5 }, () => throttled())
    const { waits, result } = await waitsOf(errors, { attempts: 6, baseMs: 100, maxMs: 500 })
    expect(waits).toEqual([50, 100, 200, 250, 250])
    expect(result).toBe('done')
  })

  it('waits at least as long as the service asks, and gives up when that is too long', async () => {
    const error = throttled(90_000)
    expect((await waitsOf([throttled(3_000)], { baseMs: 100 })).waits).toEqual([3_050])
    expect(await waitsOf([error])).toEqual({ waits: [], calls: 1, result: error })
    expect((await waitsOf([error], { maxRetryAfterMs: 100_000, baseMs: 0 })).waits).toEqual([90_000])
  })

  it('throws the last error as it is when the attempts are used up', async () => {
    const last = throttled()
    expect(await waitsOf([throttled(), throttled(), last], { attempts: 3 })).toMatchObject({
      calls: 3,
      result: last,
    })
  })

  it('does not retry what is not marked retryable, unless told otherwise', async () => {
    const plain = new TypeError('bug')
    const fatal = new ModelError('bad key')
    expect(await waitsOf([plain])).toEqual({ waits: [], calls: 1, result: plain })
    expect(await waitsOf([fatal])).toEqual({ waits: [], calls: 1, result: fatal })
    expect((await waitsOf([plain], { shouldRetry: () => true })).result).toBe('done')
  })

  it('passes aborts through, also in the middle of a wait', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    let calls = 0
    const running = retry(
      async () => {
        calls += 1
        throw throttled()
      },
      { signal: controller.signal, baseMs: 100_000, maxMs: 100_000, random: () => 0.9 },
    )
    setTimeout(() => controller.abort(reason), 2)
    await expect(running).rejects.toBe(reason)
    expect(calls).toBe(1)
    const abort = new DOMException('stopped', 'AbortError')
    expect(await waitsOf([abort], { shouldRetry: () => true })).toMatchObject({ calls: 1, result: abort })
  })

  it('tells before each wait', async () => {
    const told: unknown[] = []
    const error = throttled()
    await waitsOf([error], { baseMs: 10, onRetry: (...args) => told.push(args) })
    expect(told).toEqual([[1, error, 5]])
  })

  it('refuses wrong options', async () => {
    await expect(retry(async () => 1, { attempts: 0 })).rejects.toBeInstanceOf(RagError)
    await expect(retry(async () => 1, { baseMs: -1 })).rejects.toBeInstanceOf(RagError)
  })
})

describe('rateLimiter', () => {
  /** A clock that only moves when someone waits. */
  function clock() {
    const state = { time: 0 }
    return {
      now: () => state.time,
      wait: async (ms: number, signal?: AbortSignal) => {
        signal?.throwIfAborted()
        state.time += ms
      },
      move: (ms: number) => {
        state.time += ms
      },
    }
  }

  it('lets no sixty seconds see more requests or tokens than allowed, and wastes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 10, max: 40 }),
        fc.array(fc.record({ tokens: fc.nat(10), idle: fc.nat(30_000) }), { maxLength: 40 }),
        async (requestsPerMinute, tokensPerMinute, asked) => {
          const { now, wait, move } = clock()
          const limiter = rateLimiter({ requestsPerMinute, tokensPerMinute, now, wait })
          const granted: { time: number; tokens: number }[] = []
          const usedSince = (from: number) => {
            const inside = granted.filter(({ time }) => time > from)
            return { requests: inside.length, tokens: inside.reduce((sum, one) => sum + one.tokens, 0) }
          }
          for (const { tokens, idle } of asked) {
            move(idle)
            const before = now()
            await limiter.acquire(tokens)
            const time = now()
            if (time > before) {
              // A moment earlier it would not have fitted.
              const used = usedSince(time - 60_000 - 1)
              expect(used.requests + 1 > requestsPerMinute || used.tokens + tokens > tokensPerMinute).toBe(
                true,
              )
            }
            granted.push({ time, tokens })
            const used = usedSince(time - 60_000)
            expect(used.requests).toBeLessThanOrEqual(requestsPerMinute)
            expect(used.tokens).toBeLessThanOrEqual(tokensPerMinute)
          }
        },
      ),
    )
  })

  it('serves in the order of asking and tells how much is used', async () => {
    const { now, wait } = clock()
    const limiter = rateLimiter({ requestsPerMinute: 4, tokensPerMinute: 100, now, wait })
    const order: number[] = []
    await Promise.all([90, 20, 1, 5].map((tokens) => limiter.acquire(tokens).then(() => order.push(tokens))))
    expect(order).toEqual([90, 20, 1, 5])
    expect(now()).toBe(60_000)
    expect(limiter.usage()).toEqual({ requests: 0.75, tokens: 0.26 })
  })

  it('gives the place of whoever aborts to the next, who still waits for those before', async () => {
    const waits: (() => void)[] = []
    let time = 0
    const limiter = rateLimiter({
      requestsPerMinute: 1,
      now: () => time,
      wait: () => new Promise((resolve) => waits.push(resolve)),
    })
    await limiter.acquire()
    const order: string[] = []
    const controller = new AbortController()
    const first = limiter.acquire().then(() => order.push('first'))
    const second = limiter.acquire(0, { signal: controller.signal })
    const third = limiter.acquire().then(() => order.push('third'))
    controller.abort(new Error('left'))
    await expect(second).rejects.toThrow('left')
    await delay(1)
    // One at a time looks at the clock: the third still waits for the first.
    expect(waits).toHaveLength(1)
    expect(order).toEqual([])
    time = 60_000
    waits.shift()?.()
    await first
    expect(order).toEqual(['first'])
    while (waits.length === 0) await delay(1)
    time = 120_000
    waits.shift()?.()
    await third
    expect(order).toEqual(['first', 'third'])
  })

  it('refuses what could never fit', () => {
    const limiter = rateLimiter({ tokensPerMinute: 10 })
    expect(() => limiter.acquire(11)).toThrow('tokensPerMinute = 10')
    expect(() => rateLimiter({ requestsPerMinute: 0 })).toThrow('requestsPerMinute')
  })

  it('stops nobody without a quota', async () => {
    const limiter = rateLimiter({})
    for (let n = 0; n < 5_000; n++) await limiter.acquire(1_000)
    expect(limiter.usage()).toEqual({ requests: 0, tokens: 0 })
  })
})

describe('takeOff', () => {
  it('aborts the call only when nobody waits any more', async () => {
    let signal: AbortSignal | undefined
    const flight = takeOff(
      (given) =>
        new Promise((_resolve, reject) => {
          signal = given
          given.addEventListener('abort', () => reject(given.reason))
        }),
    )
    const [a, b] = [new AbortController(), new AbortController()]
    const first = flight.join(a.signal)
    const second = flight.join(b.signal)
    a.abort(new Error('a left'))
    await expect(first).rejects.toThrow('a left')
    expect(signal?.aborted).toBe(false)
    expect(flight.abandoned).toBe(false)
    b.abort(new Error('b left'))
    await expect(second).rejects.toThrow('b left')
    expect(signal?.aborted).toBe(true)
    expect(flight.abandoned).toBe(true)
  })

  it('turns what is thrown at once into a rejection', async () => {
    const flight = takeOff(() => {
      throw new Error('at once')
    })
    await expect(flight.join()).rejects.toThrow('at once')
  })
})
