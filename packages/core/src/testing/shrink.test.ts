import { describe, expect, it } from 'vitest'
import { shrinkText } from './shrink.js'

describe('shrinkText', () => {
  it('keeps only what the failure needs, wherever it is', async () => {
    const text = `${'x'.repeat(100)}<${'y'.repeat(83)}>${'z'.repeat(40)}`
    expect(await shrinkText(text, async (shorter) => /<.*>/.test(shorter))).toBe('<>')
  })

  it('gives a text that fails and from which no single unit can be taken', async () => {
    const fails = async (text: string): Promise<boolean> => (text.match(/a/g) ?? []).length >= 3
    const shrunk = await shrinkText('banana bandana', fails)
    expect(shrunk).toBe('aaa')
  })

  it('gives nothing when nothing fails too, and the text when nothing shorter fails', async () => {
    expect(await shrinkText('whatever', async () => true)).toBe('')
    expect(await shrinkText('whatever', async () => false)).toBe('whatever')
    expect(await shrinkText('', async () => true)).toBe('')
  })

  it('stops after its tries and still gives a failing text', async () => {
    let calls = 0
    const fails = async (text: string): Promise<boolean> => {
      calls += 1
      return text.includes('needle')
    }
    const shrunk = await shrinkText(`${'hay '.repeat(500)}needle${' hay'.repeat(500)}`, fails, 20)
    expect(calls).toBeLessThanOrEqual(20)
    expect(shrunk).toContain('needle')
    expect(shrunk.length).toBeLessThan(4006)
  })
})
