import { describe, expect, it } from 'vitest'
import { hashText } from '../fakes/words.js'
import { seededRandom } from '../random.js'
import { generateTexts, hugeLine, randomText } from './generate.js'

describe('generateTexts', () => {
  it('gives the same texts for the same seed and others for another', () => {
    expect(generateTexts({ seed: 3, count: 120 })).toEqual(generateTexts({ seed: 3, count: 120 }))
    const [a, b] = [generateTexts({ seed: 3, count: 120 }), generateTexts({ seed: 4, count: 120 })]
    expect(a.slice(24).filter((text, index) => text === b[index + 24]).length).toBeLessThan(3)
  })

  it('is pinned: a seed in a bug report must give the same texts on every platform', () => {
    expect(hashText(generateTexts({ seed: 1, count: 300 }).join('\0'))).toMatchInlineSnapshot(`2331765397`)
    expect(
      hashText(generateTexts({ seed: 1, count: 50, kind: 'markdown' }).join('\0')),
    ).toMatchInlineSnapshot(`3391412709`)
  })

  it('begins with the same texts, however many are asked for', () => {
    expect(generateTexts({ count: 80 })).toEqual(generateTexts({ count: 200 }).slice(0, 80))
  })

  const texts = generateTexts()
  const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

  it.each<[string, RegExp]>([
    ['nothing', /^$/],
    ['blanks only', /^\s+$/],
    ['Latin', /\p{Script=Latin}/u],
    ['Arabic', /\p{Script=Arabic}/u],
    ['Hebrew', /\p{Script=Hebrew}/u],
    ['Chinese', /\p{Script=Han}/u],
    ['Japanese', /\p{Script=Hiragana}/u],
    ['Korean', /\p{Script=Hangul}/u],
    ['Thai', /\p{Script=Thai}/u],
    ['Hindi', /\p{Script=Devanagari}/u],
    ['Cyrillic', /\p{Script=Cyrillic}/u],
    ['emoji joined by ZWJ', /\u{1f468}\u200d\u{1f469}/u],
    ['flags', /\p{Regional_Indicator}{2}/u],
    ['combining marks', /e\u0301/],
    ['CRLF', /\r\n/],
    ['lone CR', /\r(?!\n)/],
    ['lone LF', /(?<!\r)\n/],
    ['line separator', /\u2028/],
    ['tabs', /\t/],
    ['NUL', /\0/],
    ['lone surrogates', loneSurrogate],
    ['zero width', /\u200b/],
    ['byte order mark', /\ufeff/],
    ['heading', /^#{1,6} /m],
    ['list', /^\s*[-*+] /m],
    ['table', /^\| --- \|/m],
    ['fence', /^```/m],
    ['front matter', /^---\ntitle:/],
    ['code', /function \w+\(/],
    ['HTML', /<div>/],
    ['JSON', /^\s*[{[]\s*"|\[\s*\{/m],
    ['base64', /base64,[A-Za-z0-9+/]{90}/],
    ['a word of 200 letters', /\p{L}{200}/u],
    ['one huge line', /^[^\r\n]{19000,}$/],
    ['a paragraph repeated', /^(.{8,})(?:\n\n|\r\n\r\n)\1(?:\n|\r\n)/m],
  ])('contains %s', (_, pattern) => {
    expect(texts.some((text) => pattern.test(text))).toBe(true)
  })

  it('leaves huge lines out when told to', () => {
    expect(
      generateTexts({ count: 200, hugeLineUnits: 0 }).filter((text) => /^[^\r\n]{15000,}$/.test(text)),
    ).toEqual([])
  })

  it('gives no texts, few texts, and refuses a negative count', () => {
    expect(generateTexts({ count: 0 })).toEqual([])
    expect(generateTexts({ count: 3 }).length).toBe(3)
    expect(() => generateTexts({ count: -1 })).toThrow('`count`')
  })

  it('gives Markdown only when asked', () => {
    for (const text of generateTexts({ count: 50, kind: 'markdown' })) expect(text).not.toBe('')
    expect(
      generateTexts({ count: 50, kind: 'markdown' }).filter((text) => /^#{1,6} /m.test(text)).length,
    ).toBeGreaterThan(15)
  })
})

describe('hugeLine', () => {
  it('is one line of the asked length', () => {
    const random = seededRandom(9)
    for (let trial = 0; trial < 20; trial += 1) {
      const line = hugeLine(random, 5_000)
      expect(line.length).toBe(5_000)
      expect(line).not.toMatch(/[\r\n\u2028\u2029]/)
    }
  })
})

describe('randomText', () => {
  it('is bounded, so that suites stay fast', () => {
    const random = seededRandom(10)
    const lengths = Array.from({ length: 500 }, () => randomText(random).length)
    expect(Math.max(...lengths)).toBeLessThan(12_000)
  })
})
