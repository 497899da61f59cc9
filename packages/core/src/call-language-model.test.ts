import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { callLanguageModel } from './call-language-model.js'
import { isRagError, ModelError } from './errors.js'
import type { LanguageModel } from './language-model.js'

const request = { messages: [{ role: 'user', content: 'Hello' }] } as const
const answer = { text: 'Hi', finishReason: 'stop' } as const

function model(generate: LanguageModel['generate']): LanguageModel {
  return { id: 'm', generate }
}

describe('callLanguageModel', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const options = { timeoutMs: 1000, retry: false } as const

  it('leaves no timer and no listener behind', async () => {
    const { signal } = new AbortController()
    expect(
      await callLanguageModel(
        model(async () => answer),
        request,
        { ...options, signal },
      ),
    ).toBe(answer)
    expect(vi.getTimerCount()).toBe(0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
    const failing = model(async () => Promise.reject(new Error('down')))
    await expect(callLanguageModel(failing, request, { ...options, signal })).rejects.toThrow(
      '"m" failed: down',
    )
    expect(vi.getTimerCount()).toBe(0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('tells the model to stop when its time is over', async () => {
    let inner: AbortSignal | undefined
    const slow = model((_, call) => {
      inner = call?.signal
      return new Promise(() => {})
    })
    const call = callLanguageModel(slow, request, options).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(999)
    expect(inner?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    const error = await call
    expect(inner?.aborted).toBe(true)
    expect(error).toMatchObject({ code: 'model-failed', retryable: true, details: { timeoutMs: 1000 } })
  })

  it('tells the model to stop when the caller does, with the same reason', async () => {
    const controller = new AbortController()
    let inner: AbortSignal | undefined
    const slow = model((_, call) => {
      inner = call?.signal
      return new Promise(() => {})
    })
    const call = callLanguageModel(slow, request, { ...options, signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(inner?.reason).toBe(reason)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not start when it is aborted already', async () => {
    const generate = vi.fn(async () => answer)
    const reason = new Error('enough')
    await expect(
      callLanguageModel(model(generate), request, { ...options, signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason)
    expect(generate).not.toHaveBeenCalled()
  })

  it('tries again after a time-out, as the policy says', async () => {
    let calls = 0
    const slow = model(() => {
      calls++
      return calls === 1 ? new Promise(() => {}) : Promise.resolve(answer)
    })
    const retry = { attempts: 2, wait: async () => {} }
    const call = callLanguageModel(slow, request, { timeoutMs: 1000, retry })
    await vi.advanceTimersByTimeAsync(1000)
    expect(await call).toBe(answer)
    calls = 0
    const once = callLanguageModel(slow, request, options).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(1000)
    expect(await once).toBeInstanceOf(ModelError)
    expect(calls).toBe(1)
  })

  it('takes a model that throws at once for one that failed', async () => {
    const rude = model(() => {
      throw new TypeError('no key')
    })
    const error = await callLanguageModel(rude, request, options).catch((reason: unknown) => reason)
    expect(isRagError(error, 'model-failed')).toBe(true)
    expect(error).toMatchObject({ cause: expect.any(TypeError) })
  })
})
