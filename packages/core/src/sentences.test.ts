import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSafeCut } from './boundaries.js'
import { sentenceSpans } from './sentences.js'
import { generateTexts } from './testing/index.js'

const sentences = (text: string, locale?: string) =>
  sentenceSpans(text, locale).map(({ start, end }) => text.slice(start, end))

describe('sentenceSpans', () => {
  it.each([
    ['One. Two! Three?', ['One.', 'Two!', 'Three?']],
    ['The rent is 1,250.50 a month. It rises.', ['The rent is 1,250.50 a month.', 'It rises.']],
    ['Dr. Smith met J. Doe, e.g. on Monday. He left.', ['Dr. Smith met J. Doe, e.g. on Monday.', 'He left.']],
    ['A line\nthat goes on\r\nto here. And on.', ['A line\nthat goes on\r\nto here.', 'And on.']],
    ['Heading\n\nText here', ['Heading', 'Text here']],
    ['Items:\n- one\n- two\n3. three', ['Items:', '- one', '- two', '3. three']],
    ['1. First item. 2) Second', ['1. First item.', '2) Second']],
    ['It was 5. Then 6.', ['It was 5.', 'Then 6.']],
    ['这是一个句子。这是另一个。', ['这是一个句子。', '这是另一个。']],
    ['Done... and more. Yes.', ['Done... and more.', 'Yes.']],
    ['', []],
    [' \n\n \t', []],
  ])('splits %j', (text, expected) => {
    expect(sentences(text)).toEqual(expected)
  })

  it('gives slices that are sorted, safe, and together all that is not blank', () => {
    for (const text of generateTexts({ seed: 3, count: 300 })) {
      let covered = ''
      let before = 0
      for (const { start, end } of sentenceSpans(text)) {
        expect(start).toBeGreaterThanOrEqual(before)
        expect(end).toBeGreaterThan(start)
        expect(isSafeCut(text, start) && isSafeCut(text, end)).toBe(true)
        expect(text.slice(before, start).trim()).toBe('')
        covered += text.slice(start, end)
        before = end
      }
      expect(text.slice(before).trim()).toBe('')
      expect(covered.replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
    }
  })

  it('gets through one huge line', () => {
    for (const huge of [
      'word '.repeat(100_000),
      'x'.repeat(300_000),
      '.'.repeat(200_000),
      '\n'.repeat(200_000),
    ]) {
      expect(sentenceSpans(huge).reduce((sum, { start, end }) => sum + end - start, 0)).toBeLessThanOrEqual(
        huge.length,
      )
    }
  })

  it('holds for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const { start, end } of sentenceSpans(text)) expect(text.slice(start, end).trim()).not.toBe('')
      }),
    )
  })
})
