import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mapConcurrent } from './map-concurrent.js'

const turn = () => new Promise((resolve) => setTimeout(resolve, 1))

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** A source that knows how far it was pulled and whether it was closed. */
function source(count: number) {
  const state = { pulled: 0, closed: false }
  async function* items() {
    try {
      for (let n = 0; n < count; n++) {
        state.pulled = n + 1
        yield n
      }
    } finally {
      state.closed = true
    }
  }
  return Object.assign(state, { items: items() })
}

describe('mapConcurrent', () => {
  it('keeps the order of the source, whatever finishes first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(4), { maxLength: 20 }),
        fc.integer({ min: 1, max: 6 }),
        async (waits, concurrency) => {
          const results = await collect(
            mapConcurrent(
              waits,
              async (wait, index) => {
                for (let n = 0; n < wait; n++) await null
                return index
              },
              { concurrency },
            ),
          )
          expect(results).toEqual(waits.map((_, index) => index))
        },
      ),
    )
  })

  it('hands results out as they finish when unordered, each once', async () => {
    const results = await collect(
      mapConcurrent(
        [3, 1, 2],
        async (n) => {
          for (let wait = 0; wait < n; wait++) await turn()
          return n
        },
        { ordered: false },
      ),
    )
    expect(results).toEqual([1, 2, 3])
  })

  it.each([1, 3])('never runs more than %i at once, and as many as that', async (concurrency) => {
    let running = 0
    let most = 0
    await collect(
      mapConcurrent(
        source(20).items,
        async () => {
          running += 1
          most = Math.max(most, running)
          await turn()
          running -= 1
        },
        { concurrency },
      ),
    )
    expect(most).toBe(concurrency)
  })

  it.each([true, false])('holds back the source when the consumer is slow (ordered: %s)', async (ordered) => {
    const { items, ...initial } = source(50)
    expect(initial.pulled).toBe(0)
    const counted = source(50)
    let consumed = 0
    for await (const _ of mapConcurrent(counted.items, (n) => n, { concurrency: 4, ordered })) {
      consumed += 1
      await turn()
      // The one in hand, and four more.
      expect(counted.pulled).toBeLessThanOrEqual(consumed + 4)
    }
    expect(consumed).toBe(50)
    await items.return()
  })

  it('does nothing before the first result is asked for', async () => {
    const counted = source(5)
    const results = mapConcurrent(counted.items, (n) => n)
    await turn()
    expect(counted.pulled).toBe(0)
    await results.return()
  })

  it('throws an error in its place, after the results before it, and closes the source', async () => {
    const counted = source(50)
    const seen: number[] = []
    const failure = new Error('three')
    const run = async () => {
      for await (const n of mapConcurrent(counted.items, async (n) => {
        if (n === 3) throw failure
        await turn()
        return n
      })) {
        seen.push(n)
      }
    }
    await expect(run()).rejects.toBe(failure)
    expect(seen).toEqual([0, 1, 2])
    expect(counted.closed).toBe(true)
    expect(counted.pulled).toBeLessThan(10)
  })

  it('pulls nothing more once a call has failed, also while earlier results are still awaited', async () => {
    let pulled = 0
    const slow = async function* () {
      for (; pulled < 50; pulled++) {
        yield pulled
        await turn()
      }
    }
    const fails = async (n: number) => {
      if (n === 1) throw new Error('second')
      for (let wait = 0; wait < 20; wait++) await turn()
    }
    await expect(collect(mapConcurrent(slow(), fails, { concurrency: 20 }))).rejects.toThrow('second')
    expect(pulled).toBeLessThanOrEqual(2)
  })

  it('tells running calls to stop after a failure and waits for them', async () => {
    let stopped = 0
    let running = 0
    const run = collect(
      mapConcurrent(
        [0, 1, 2, 3],
        async (n, _index, signal) => {
          if (n === 0) {
            await turn()
            throw new Error('first')
          }
          running += 1
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
          await turn()
          running -= 1
          stopped += 1
        },
        { ordered: false },
      ),
    )
    await expect(run).rejects.toThrow('first')
    expect({ stopped, running }).toEqual({ stopped: 3, running: 0 })
  })

  it('hands out what was read before the source failed', async () => {
    const failing = async function* () {
      yield 1
      yield 2
      throw new Error('source')
    }
    const seen: number[] = []
    const run = async () => {
      const slowly = async (n: number) => {
        await turn()
        return n
      }
      for await (const n of mapConcurrent(failing(), slowly)) seen.push(n)
    }
    await expect(run()).rejects.toThrow('source')
    expect(seen).toEqual([1, 2])
  })

  it('closes the source and stops the running calls when the consumer leaves', async () => {
    const counted = source(50)
    let aborted = 0
    for await (const n of mapConcurrent(counted.items, async (n, _index, signal) => {
      if (n > 0) {
        await new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => {
            aborted += 1
            resolve()
          }),
        )
      }
      return n
    })) {
      expect(n).toBe(0)
      await turn()
      break
    }
    expect(counted.closed).toBe(true)
    expect(aborted).toBe(4)
  })

  it('closes a synchronous source too', async () => {
    let closed = false
    const items = (function* () {
      try {
        for (let n = 0; ; n++) yield n
      } finally {
        closed = true
      }
    })()
    for await (const n of mapConcurrent(items, (n) => n)) if (n === 5) break
    expect(closed).toBe(true)
  })

  it('rejects with the reason on abort, in the middle of a call or of a pull', async () => {
    for (const stuck of ['call', 'pull'] as const) {
      const controller = new AbortController()
      const reason = new Error('enough')
      const items = async function* () {
        yield 1
        if (stuck === 'pull') await new Promise(() => {})
        yield 2
      }
      const run = collect(
        mapConcurrent(
          items(),
          (_n, _index, signal) =>
            stuck === 'pull'
              ? 0
              : new Promise((_resolve, reject) => {
                  signal.addEventListener('abort', () => reject(signal.reason))
                }),
          { signal: controller.signal },
        ),
      )
      setTimeout(() => controller.abort(reason), 2)
      await expect(run).rejects.toBe(reason)
    }
  })

  it('does not touch the source when aborted before', async () => {
    const counted = source(5)
    const signal = AbortSignal.abort(new Error('no'))
    await expect(collect(mapConcurrent(counted.items, (n) => n, { signal }))).rejects.toThrow('no')
    expect(counted.pulled).toBe(0)
  })

  it('leaves no listener on a signal that outlives it', async () => {
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...args)
    }
    await collect(mapConcurrent(source(5).items, (n) => n, { signal }))
    expect(listeners).toBe(0)
  })

  it('refuses a wrong concurrency at once', () => {
    expect(() => mapConcurrent([1], (n) => n, { concurrency: 0 })).toThrow('`concurrency`')
  })
})
