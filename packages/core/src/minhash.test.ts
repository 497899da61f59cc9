import { describe, expect, it } from 'vitest'
import { bandKeys, bandRows, comparableText, jaccard, minHashSignature, shingleSet } from './minhash.js'
import { generateTexts, type Random, seededRandom } from './testing/index.js'

/** The plain meaning: the set of the substrings themselves. */
function plainJaccard(a: string, b: string): number {
  const substrings = (text: string) => {
    const units = Math.min(8, text.length)
    return new Set(Array.from({ length: text.length - units + 1 }, (_, at) => text.slice(at, at + units)))
  }
  const [first, second] = [a === '' ? new Set() : substrings(a), b === '' ? new Set() : substrings(b)]
  const shared = [...first].filter((item) => second.has(item)).length
  const union = first.size + second.size - shared
  return union === 0 ? 1 : shared / union
}

function edited(random: Random, text: string, edits: number): string {
  let result = text
  for (let n = 0; n < edits; n++) {
    const at = random.integer(0, result.length)
    result = `${result.slice(0, at)}${random.integer(0, 9)}${result.slice(at + random.integer(0, 3))}`
  }
  return result
}

function prose(random: Random, words: number): string {
  return Array.from({ length: words }, () =>
    Array.from({ length: random.integer(2, 9) }, () => String.fromCharCode(97 + random.integer(0, 25))).join(
      '',
    ),
  ).join(' ')
}

describe('comparableText', () => {
  it('leaves out case, white space and compatibility forms, and nothing else', () => {
    expect(comparableText('  The\r\n\tDeposit\u00a0ﬁve ')).toBe('the deposit five')
    expect(comparableText('a.b')).not.toBe(comparableText('a b'))
    expect(comparableText('10')).not.toBe(comparableText('100'))
  })
})

describe('shingles', () => {
  it('have the Jaccard similarity of the substrings themselves, on texts of every kind', () => {
    const texts = generateTexts({ seed: 3, count: 60 }).map((text) => text.slice(0, 2_000))
    const random = seededRandom(2)
    for (const [place, text] of texts.entries()) {
      for (const other of [edited(random, text, 3), texts[(place + 1) % texts.length]!]) {
        expect(jaccard(shingleSet(text), shingleSet(other))).toBeCloseTo(plainJaccard(text, other), 3)
      }
    }
  })

  it('are the text itself when it is short', () => {
    expect(jaccard(shingleSet('abc'), shingleSet('abc'))).toBe(1)
    expect(jaccard(shingleSet('abc'), shingleSet('abd'))).toBe(0)
    expect(jaccard(shingleSet(''), shingleSet(''))).toBe(1)
    expect(jaccard(shingleSet(''), shingleSet('a'))).toBe(0)
  })
})

describe('MinHash', () => {
  it('estimates the similarity: the share of equal bins, without bias', () => {
    const random = seededRandom(5)
    for (const words of [20, 300]) {
      let bias = 0
      const pairs = 300
      for (let n = 0; n < pairs; n++) {
        const text = prose(random, words)
        const other = edited(random, text, random.integer(0, words / 5))
        const [a, b] = [minHashSignature(shingleSet(text)), minHashSignature(shingleSet(other))]
        const equal = a.filter((value, bin) => value === b[bin]).length / a.length
        bias += equal - jaccard(shingleSet(text), shingleSet(other))
      }
      expect(Math.abs(bias / pairs)).toBeLessThan(0.02)
    }
  })

  it('makes candidates of at least 99 % of the pairs at or above the threshold, and of few unlike ones', () => {
    const random = seededRandom(7)
    for (const threshold of [0.5, 0.8, 0.9, 0.95]) {
      const rows = bandRows(threshold)
      let [alike, found, unlike, mistaken] = [0, 0, 0, 0]
      for (let n = 0; n < 600; n++) {
        const text = prose(random, 120)
        const related = n % 2 === 0
        const other = related ? edited(random, text, random.integer(0, 14)) : prose(random, 120)
        const [a, b] = [shingleSet(text), shingleSet(other)]
        const [keys, others] = [
          bandKeys(minHashSignature(a), rows),
          new Set(bandKeys(minHashSignature(b), rows)),
        ]
        const candidate = keys.some((key) => others.has(key))
        if (jaccard(a, b) >= threshold) {
          alike += 1
          if (candidate) found += 1
        } else if (!related) {
          unlike += 1
          if (candidate) mistaken += 1
        }
      }
      expect(alike).toBeGreaterThan(20)
      expect(found / alike).toBeGreaterThanOrEqual(0.99)
      expect(mistaken / unlike).toBeLessThan(0.05)
    }
  })

  it('is the same for the same set and defined for the empty one', () => {
    expect(minHashSignature(shingleSet('one two three'))).toEqual(
      minHashSignature(shingleSet('one two three')),
    )
    expect(minHashSignature(new Uint32Array(0))).toHaveLength(64)
    expect(bandRows(1)).toBeGreaterThan(bandRows(0.8))
  })
})
