import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { delay } from './delay.js'
import { linkedController, onAbort, orAbort } from './signals.js'

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('onAbort', () => {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  beforeEach(() => {
    warnings.length = 0
    process.on('warning', note)
  })
  afterEach(() => {
    process.off('warning', note)
  })

  it('calls each one back once, in order, and none that left', () => {
    const controller = new AbortController()
    const called: string[] = []
    const same = () => called.push('same')
    onAbort(controller.signal, () => called.push('first'))
    const leave = onAbort(controller.signal, same)
    onAbort(controller.signal, same)
    onAbort(controller.signal, () => called.push('last'))
    leave()
    leave()
    controller.abort()
    controller.abort()
    expect(called).toEqual(['first', 'same', 'last'])
    onAbort(controller.signal, () => called.push('late'))
    expect(called.at(-1)).toBe('late')
    onAbort(undefined, same)()
  })

  it('lets hundreds wait for one signal without a warning of the platform', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const waits = Array.from({ length: 100 }, (_, place) => [
      orAbort(new Promise(() => {}), signal),
      delay(1_000_000, signal),
      orAbort(new Promise(() => {}), linkedController(signal).signal),
      place,
    ])
    await turn()
    controller.abort(new Error('enough'))
    const settled = await Promise.allSettled(waits.flat())
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(300)
    await turn()
    expect(warnings).toEqual([])
  })

  it('calls the others back when one throws, and lets the error out', async () => {
    const thrown: unknown[] = []
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error))
    try {
      const controller = new AbortController()
      let called = 0
      onAbort(controller.signal, () => {
        throw new Error('in a callback')
      })
      onAbort(controller.signal, () => called++)
      controller.abort()
      await turn()
      expect(called).toBe(1)
      expect(thrown).toEqual([new Error('in a callback')])
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of others) process.on('uncaughtException', listener)
    }
  })

  it('forgets who left, again and again', () => {
    const { signal } = new AbortController()
    let called = 0
    for (let n = 0; n < 1000; n++) onAbort(signal, () => called++)()
    signal.dispatchEvent(new Event('abort'))
    expect(called).toBe(0)
  })
})
