import { describe, expect, it } from 'vitest'
import { isRagError, ModelError, RagError } from '../errors.js'
import { CircuitOpenError, circuitBreaker } from './circuit-breaker.js'
import { retry } from './retry.js'

const down = () => Promise.reject(new ModelError('no answer', { retryable: true }))
const wrong = () => Promise.reject(new RagError('invalid-argument', 'no such option'))
const aborted = () => Promise.reject(new DOMException('gone', 'AbortError'))
const well = async () => 'well'

function aborting() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: (reason: Error) => controller.abort(reason) }
}

function service(failures = 3, cooldownMs = 1000) {
  let time = 0
  let calls = 0
  const breaker = circuitBreaker({ failures, cooldownMs, now: () => time })
  return {
    breaker,
    pass: (ms: number) => {
      time += ms
    },
    calls: () => calls,
    async call(fn: () => Promise<string>): Promise<unknown> {
      const counted = () => {
        calls += 1
        return fn()
      }
      return breaker.run(counted).catch((error: unknown) => error)
    },
  }
}

describe('circuitBreaker', () => {
  it('calls nobody once the service has failed often enough in a row', async () => {
    const { breaker, call, calls, pass } = service()
    for (let n = 0; n < 3; n++) await call(down)
    expect(breaker.state).toBe('open')
    pass(400)
    const refused = await call(well)
    expect(calls()).toBe(3)
    expect(refused).toBeInstanceOf(CircuitOpenError)
    expect(refused).toMatchObject({ code: 'model-failed', retryable: true, retryAfterMs: 600 })
    expect(isRagError((refused as CircuitOpenError).cause, 'model-failed')).toBe(true)
  })

  it('starts counting anew after each success', async () => {
    const { breaker, call } = service()
    for (const fn of [down, down, well, down, down]) await call(fn)
    expect(breaker.state).toBe('closed')
    await call(down)
    expect(breaker.state).toBe('open')
  })

  it('counts neither wrong requests nor aborts, but errors from elsewhere', async () => {
    const { breaker, call } = service(2)
    for (const fn of [down, wrong, aborted, wrong]) await call(fn)
    expect(breaker.state).toBe('closed')
    const { signal, abort } = aborting()
    const stopped = breaker.run(
      async () => {
        abort(new Error('enough'))
        throw signal.reason
      },
      { signal },
    )
    await expect(stopped).rejects.toThrow('enough')
    expect(breaker.state).toBe('closed')
    await call(() => Promise.reject(new TypeError('fetch failed')))
    expect(breaker.state).toBe('open')
  })

  it('lets one call try after the wait, and opens or closes by what becomes of it', async () => {
    const { breaker, call, calls, pass } = service(1)
    await call(down)
    pass(1000)
    expect(breaker.state).toBe('half-open')
    let answer: (text: string) => void = () => {}
    const trial = call(() => new Promise<string>((resolve) => (answer = resolve)))
    expect(await call(well)).toBeInstanceOf(CircuitOpenError)
    answer('back')
    expect(await trial).toBe('back')
    expect([breaker.state, calls()]).toEqual(['closed', 2])

    await call(down)
    pass(1000)
    await call(down)
    expect(breaker.state).toBe('open')
    pass(999)
    expect(await call(well)).toMatchObject({ retryAfterMs: 1 })
  })

  it('is tried again by the next caller when a trial is aborted, and closes when a trial is answered with a refusal', async () => {
    const { breaker, call, pass } = service(1)
    await call(down)
    pass(1000)
    await call(aborted)
    expect(breaker.state).toBe('half-open')
    await call(wrong)
    expect(breaker.state).toBe('closed')
  })

  it('stays open when a call that set out earlier succeeds late', async () => {
    const { breaker, call } = service(1)
    let answer: (text: string) => void = () => {}
    const early = call(() => new Promise<string>((resolve) => (answer = resolve)))
    await call(down)
    answer('late')
    expect(await early).toBe('late')
    expect(breaker.state).toBe('open')
  })

  it('tells retry how long to wait', async () => {
    const { breaker, pass } = service(1, 500)
    const waits: number[] = []
    let calls = 0
    const answer = await retry(
      () =>
        breaker.run(async () => {
          calls += 1
          return calls === 1 ? down() : 'well'
        }),
      {
        baseMs: 10,
        random: () => 0,
        wait: async (ms) => {
          waits.push(ms)
          pass(ms)
        },
      },
    )
    expect([answer, calls, waits]).toEqual(['well', 2, [0, 500]])
  })

  it('refuses options that cannot be', () => {
    expect(() => circuitBreaker({ failures: 0 })).toThrow(/failures/)
    expect(() => circuitBreaker({ cooldownMs: Number.NaN })).toThrow(/cooldownMs/)
  })
})
