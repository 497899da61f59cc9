import { describe, expect, it } from 'vitest'
import { RagError } from '../errors.js'
import { expectAbort, expectRagError, sameValue } from './assert.js'

describe('sameValue', () => {
  it.each([
    [Number.NaN, Number.NaN],
    [0, -0],
    [{ a: 1, b: undefined }, { a: 1 }],
    [{ a: [1, { b: 'x' }] }, { a: [1, { b: 'x' }] }],
    [Float32Array.of(1, Number.NaN), Float32Array.of(1, Number.NaN)],
    [[], []],
  ])('holds for %o and %o', (a, b) => {
    expect(sameValue(a, b)).toBe(true)
    expect(sameValue(b, a)).toBe(true)
  })

  it.each([
    [1, '1'],
    [null, undefined],
    [{ a: null }, {}],
    [[], {}],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 2]],
    [Float32Array.of(1), [1]],
    [Float32Array.of(1), Uint32Array.of(1)],
    [Float32Array.of(1), Float32Array.of(1, 2)],
    [{ a: 1 }, { b: 1 }],
    [Object.fromEntries([['__proto__', 1]]), {}],
  ])('does not hold for %o and %o', (a, b) => {
    expect(sameValue(a, b)).toBe(false)
    expect(sameValue(b, a)).toBe(false)
  })
})

describe('expectRagError', () => {
  const reject = (error: unknown) => () => Promise.reject(error)

  it('passes for one of the codes, thrown or rejected', async () => {
    await expectRagError(reject(new RagError('duplicate-id', 'x')), ['invalid-vector', 'duplicate-id'], 'it')
    await expectRagError(
      () => {
        throw new RagError('duplicate-id', 'x')
      },
      ['duplicate-id'],
      'it',
    )
  })

  it('fails for another code, another error, and no error', async () => {
    await expect(
      expectRagError(reject(new RagError('unsupported', 'x')), ['duplicate-id'], 'it'),
    ).rejects.toThrow('another error')
    await expect(expectRagError(reject(new TypeError('x')), ['duplicate-id'], 'it')).rejects.toThrow(
      'another error',
    )
    await expect(expectRagError(() => 1, ['duplicate-id'], 'it')).rejects.toThrow('it is accepted')
  })
})

describe('expectAbort', () => {
  const slow = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason))
      setTimeout(resolve, 5)
    })

  it('passes for a call that rejects with the reason, or finishes once begun', async () => {
    await expectAbort(slow)
    await expectAbort(async (signal) => signal.throwIfAborted())
  })

  it('fails for a call that wraps the reason only when it was aborted while running', async () => {
    const call = async (signal: AbortSignal): Promise<void> => {
      signal.throwIfAborted()
      await slow(signal).catch(() => {
        throw new Error('wrapped')
      })
    }
    await expect(expectAbort(call)).rejects.toThrow('while it runs')
  })
})
