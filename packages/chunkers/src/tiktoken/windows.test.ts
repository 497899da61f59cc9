import { generateTexts, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { type Splitter, splitCl100k, splitGpt2, splitO200k } from './split.js'
import { isPieceBorder, WINDOW, windowEnd } from './windows.js'

const utf8 = new TextEncoder()
const splitters: readonly Splitter[] = [splitCl100k, splitO200k, splitGpt2]

function pieces(split: Splitter, text: string): string[] {
  const encoded = utf8.encode(text)
  const bytes = new Uint8Array(encoded.length + 8)
  bytes.set(encoded)
  const ends = new Uint32Array(encoded.length)
  const count = split(bytes, 0, encoded.length, ends)
  return [...ends.subarray(0, count)].map((end, i) =>
    Buffer.from(encoded.subarray(i === 0 ? 0 : ends[i - 1], end)).toString('hex'),
  )
}

describe('isPieceBorder', () => {
  it('holds only where cutting the text changes no piece of any encoding', () => {
    const random = seededRandom(5)
    const characters = [..."aAsS19٣' !-/\n\r\t字é\u0301\u00a0\u3000", '😀', '𐐀', '\ud800', '\udc00']
    let borders = 0
    for (let n = 0; n < 4000; n++) {
      let text = ''
      for (let i = 0; i < 8; i++) text += characters[Math.floor(random() * characters.length)]
      for (let at = 1; at < text.length; at++) {
        if (!isPieceBorder(text, at)) continue
        borders++
        for (const split of splitters) {
          const cut = [...pieces(split, text.slice(0, at)), ...pieces(split, text.slice(at))]
          expect(cut, JSON.stringify([text, at])).toEqual(pieces(split, text))
        }
      }
    }
    expect(borders).toBeGreaterThan(5000)
  })

  it('is found at the ends of words and numbers', () => {
    const text = 'word. 12a\tb'
    const borders = [...text].map((_, at) => at > 0 && isPieceBorder(text, at))
    expect(borders).toEqual([false, false, false, false, true, true, false, false, true, true, false])
  })
})

describe('windowEnd', () => {
  it('covers texts with windows that end at borders', () => {
    for (const text of generateTexts({ seed: 9, count: 50, hugeLineUnits: 60_000 })) {
      let windows = 0
      for (let start = 0; start < text.length; windows++) {
        const end = windowEnd(text, start)
        expect(end).toBeGreaterThan(start)
        if (end < text.length) expect(isPieceBorder(text, end)).toBe(true)
        start = end
      }
      expect(windows).toBeLessThanOrEqual(Math.ceil(text.length / (WINDOW / 2)) + 1)
    }
  })

  it('reaches over a run without a border', () => {
    const run = 'x'.repeat(WINDOW * 3)
    expect(windowEnd(run, 0)).toBe(run.length)
    expect(windowEnd(`${run} y${run}`, 0)).toBe(run.length)
  })
})
