import { describe, expect, it } from 'vitest'
import { RagError } from './errors.js'
import { tell, timed } from './observe.js'
import type { RagEvent } from './observer.js'

describe('tell', () => {
  it('needs no observer and survives one that throws', () => {
    tell(undefined, { type: 'a.b', source: 'x' })
    tell(
      () => {
        throw new Error('down')
      },
      { type: 'a.b', source: 'x' },
    )
  })
})

describe('timed', () => {
  async function events(fn: () => Promise<unknown>, signal?: AbortSignal) {
    const told: RagEvent[] = []
    const outcome = await timed((event) => void told.push(event), 'stage.call', 'x', fn, {
      counts: () => ({ hits: 3 }),
      labels: { role: 'query' },
      signal,
    }).catch((error: unknown) => error)
    return { told, outcome }
  }

  it('passes the result through and tells what it took', async () => {
    const { told, outcome } = await events(async () => 'result')
    expect(outcome).toBe('result')
    expect(told).toEqual([
      {
        type: 'stage.call',
        source: 'x',
        milliseconds: expect.any(Number),
        counts: { hits: 3 },
        labels: { role: 'query', outcome: 'ok' },
      },
    ])
  })

  it('passes the error through and tells its code, not its message', async () => {
    const error = new RagError('store-failed', 'the secret query')
    const { told, outcome } = await events(async () => Promise.reject(error))
    expect(outcome).toBe(error)
    expect(told[0]?.labels).toEqual({ role: 'query', outcome: 'failed', code: 'store-failed' })
    expect(JSON.stringify(told)).not.toContain('secret')
    const plain = await events(async () => Promise.reject(new Error('x')))
    expect(plain.told[0]?.labels).toEqual({ role: 'query', outcome: 'failed' })
  })

  it('tells an abort from a failure', async () => {
    const signal = AbortSignal.abort('why')
    const { told, outcome } = await events(async () => Promise.reject(signal.reason), signal)
    expect(outcome).toBe('why')
    expect(told[0]?.labels).toEqual({ role: 'query', outcome: 'aborted' })
  })

  it('only runs the call when nobody observes', async () => {
    expect(await timed(undefined, 'a.b', 'x', async () => 1)).toBe(1)
  })
})
