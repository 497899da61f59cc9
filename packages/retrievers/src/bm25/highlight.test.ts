import { isSafeCut } from '@tesserae/core'
import { generateTexts, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { englishAnalyzer } from '../analysis/english.js'
import { chineseAnalyzer, germanAnalyzer, thaiAnalyzer } from '../analysis/languages/index.js'
import { bm25Index } from './bm25-index.js'
import { bestFragment, highlight } from './highlight.js'
import type { LexicalQuery } from './lexical-query.js'

const index = bm25Index({ syntax: 'operators', fields: { title: {}, body: {} } })
const marked = (query: string | LexicalQuery, text: string) =>
  index.highlight(query, text).map(({ start, end }) => text.slice(start, end))

describe('highlight', () => {
  it.each<[string, string, string[]]>([
    ['paying deposits', 'Who pays the deposit? The deposited sum.', ['pays', 'deposit', 'deposited']],
    ['user', 'call getUserById, then userName', ['getUserById', 'userName']],
    ['c++', 'C++ is not C', ['C++', 'C']],
    ['"late fee"', 'A late fee. The fee is late. Late fees!', ['late', 'fee', 'Late', 'fees']],
    ['"fee late"~2', 'The fee is very late, late.', ['fee', 'late']],
    [
      '"bank of america"',
      'bank of america, bank in America, bank America',
      ['bank', 'america', 'bank', 'America'],
    ],
    ['retriev*', 'Retrieval, retrieved, retry', ['Retrieval', 'retrieved']],
    ['retrieval*', 'it retrieves', ['retrieves']],
    ['retreival~', 'Retrieval and retirement', ['Retrieval']],
    ['tenant -landlord', 'tenant and landlord', ['tenant']],
    ['the of', 'the of', []],
    ['', 'anything', []],
    ['absent', '', []],
    ['résumé', 'RÉSUMÉ', ['RÉSUMÉ']],
    ['A-123/b', 'Policy A-123/b and A-124/c', ['A-123/b']],
  ])('of %s in %s', (query, text, expected) => {
    expect(marked(query, text)).toEqual(expected)
  })

  it('makes overlapping pairs one span', () => {
    const chinese = bm25Index({ analyzer: chineseAnalyzer() })
    const text = '租客需要支付两个月的押金。押金退还。'
    expect(chinese.highlight('支付押金', text).map(({ start, end }) => text.slice(start, end))).toEqual([
      '支付',
      '押金',
      '押金',
    ])
    const thai = bm25Index({ analyzer: thaiAnalyzer() })
    const sentence = 'ผู้เช่าต้องจ่ายค่ามัดจำ'
    expect(thai.highlight('มัดจำ', sentence).map(({ start, end }) => sentence.slice(start, end))).toEqual([
      'มัดจำ',
    ])
  })

  it('needs no index', () => {
    const text = 'The late fee; a fee that is late. Häuser.'
    const slices = (spans: readonly { start: number; end: number }[]) =>
      spans.map(({ start, end }) => text.slice(start, end))
    expect(slices(highlight('"late fees"', text))).toEqual(['late', 'fee', 'fee', 'late'])
    expect(
      slices(highlight('"late fees" title:x', text, { syntax: 'operators', fields: ['title'] })),
    ).toEqual(['late', 'fee'])
    expect(slices(highlight('Haus', text, { analyzer: germanAnalyzer() }))).toEqual(['Häuser'])
  })

  it('keeps to the field of the text', () => {
    const text = 'lease deposit'
    expect(index.highlight('title:lease deposit', text, { field: 'body' })).toEqual([{ start: 6, end: 13 }])
    expect(index.highlight('title:lease deposit', text, { field: 'title' }).length).toBe(2)
    expect(index.highlight('title:lease deposit', text).length).toBe(2)
  })

  it('marks close spellings of words that the index does not have', () => {
    const fuzzy = bm25Index({ fuzzy: {} })
    fuzzy.set(0, 'retrieval of documents')
    const text = 'Retrieval of document'
    expect(fuzzy.highlight('retreival', text)).toEqual([{ start: 0, end: 9 }])
    expect(fuzzy.highlight('documint', text)).toEqual([{ start: 13, end: 21 }])
    expect(fuzzy.highlight('document', 'documint')).toEqual([])
  })

  it('marks something in every hit and nothing where nothing is found, in order, at tokens', () => {
    const random = seededRandom(6)
    const texts = [...generateTexts({ seed: 31, count: 100, hugeLineUnits: 800 })]
    const plain = bm25Index({ analyzer: englishAnalyzer() })
    for (const [ordinal, text] of texts.entries()) plain.set(ordinal, text)
    let found = 0
    for (let round = 0; round < 25; round++) {
      const source = random.pick(texts)
      const from = random.integer(0, Math.max(0, source.length - 30))
      const query = source.slice(from, from + 30)
      const hits = new Set(plain.search(query, { limit: texts.length }).ordinals)
      for (const [ordinal, text] of texts.entries()) {
        const spans = plain.highlight(query, text)
        if (spans.length > 0 !== hits.has(ordinal)) expect.fail(JSON.stringify({ query, ordinal, spans }))
        let end = 0
        for (const span of spans) {
          if (span.start < end || span.end <= span.start || span.end > text.length)
            expect.fail(JSON.stringify(span))
          if (!isSafeCut(text, span.start)) expect.fail(JSON.stringify(span))
          end = span.end
        }
        found += spans.length
      }
    }
    expect(found).toBeGreaterThan(100)
  })
})

describe('bestFragment', () => {
  const text = `${'filler words go here '.repeat(20)}the tenant pays a deposit ${'and more filler '.repeat(20)}tenant`

  it('shows where the most different words stand together', () => {
    const fragment = bestFragment(text, index.highlight('tenant deposit', text), { maxLength: 80 })
    const shown = text.slice(fragment.start, fragment.end)
    expect(shown).toContain('the tenant pays a deposit')
    expect(shown.length).toBeLessThanOrEqual(80)
    expect(shown).toMatch(/^\S.*\S$/)
    expect(text[fragment.start - 1]).toBe(' ')
    expect(text[fragment.end]).toBe(' ')
  })

  it('is the start of a text without marks, and all of a short one', () => {
    expect(bestFragment(text, [], { maxLength: 20 })).toEqual({
      start: 0,
      end: 'filler words go here'.length,
    })
    expect(bestFragment('short', [{ start: 0, end: 5 }])).toEqual({ start: 0, end: 5 })
    expect(bestFragment('', [])).toEqual({ start: 0, end: 0 })
  })

  it('contains a mark whole even if it is longer than the fragment, and cuts no character', () => {
    expect(bestFragment('a reallylongword b', [{ start: 2, end: 16 }], { maxLength: 4 })).toEqual({
      start: 2,
      end: 16,
    })
    const random = seededRandom(2)
    for (const text of generateTexts({ seed: 32, count: 150, hugeLineUnits: 800 })) {
      const spans = index.highlight(text.slice(0, 40), text)
      const maxLength = random.integer(1, 120)
      const { start, end } = bestFragment(text, spans, { maxLength })
      const longest = Math.max(maxLength, ...spans.map((span) => span.end - span.start))
      if (!(0 <= start && start <= end && end <= text.length && end - start <= longest + 2))
        expect.fail(JSON.stringify({ text, start, end, maxLength }))
      expect(isSafeCut(text, start) && isSafeCut(text, end)).toBe(true)
      if (spans.length > 0) expect(spans.some((span) => span.start >= start && span.end <= end)).toBe(true)
    }
  })
})
