import { isRagError } from '@tesserae/core'
import { generateTexts } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { analyze, TokenSpans } from './analyzer.js'
import { englishAnalyzer } from './english.js'
import { germanAnalyzer, turkishAnalyzer } from './languages/index.js'
import { universalAnalyzer } from './universal.js'

const english = englishAnalyzer()
const show = (text: string, analyzer = english) =>
  analyze(analyzer, text).map((term) => `${term.text}@${term.position}`)

describe('createAnalyzer', () => {
  it('lower-cases, leaves function words out with a hole, stems', () => {
    expect(show('The Running of the Bulls')).toEqual(['run@1', 'bull@4'])
    expect(show('The Running', englishAnalyzer({ stem: false }))).toEqual(['running@1'])
    expect(show('The Running', englishAnalyzer({ stopWords: [] }))).toEqual(['the@0', 'run@1'])
    expect(show('The Running', englishAnalyzer({ stopWords: ['RUNNING'] }))).toEqual(['the@0'])
  })

  it.each([
    ['C++', ['c++@0', 'c@0']],
    ["Q2'24", ["q2'24@0", 'q2@0', '2@1', '24@2']],
    ['A-123/b', ['a-123/b@0', 'a-123@0', '123@1', 'b@2']],
    ['getUserById', ['getuserbyid@0', 'get@0', 'user@1', 'id@3']],
    ['snake_case', ['snake_case@0', 'snake@0', 'case@1']],
    ['HTTPServer2', ['httpserver2@0', 'http@0', 'server@1', '2@2']],
    ['1.2.3', ['1.2.3@0']],
    ['v1.2.3', ['v1.2.3@0', '1.2.3@0']],
    ['U.S.A.', ['usa@0']],
    ['me@mail.org', ['me@mail.org@0', 'mail.org@1', 'mail@1', 'org@2']],
  ])('keeps %s whole beside its parts', (text, expected) => {
    expect(show(text)).toEqual(expected)
  })

  it('leaves identifiers unsplit when asked, but still whole', () => {
    const analyzer = englishAnalyzer({ identifiers: false })
    expect(show('getUserById snake_case', analyzer)).toEqual(['getuserbyid@0', 'snake_cas@1'])
  })

  it('unifies compatibility forms, apostrophes and invisible characters', () => {
    for (const [odd, plain] of [
      ['ＡＢＣ', 'abc'],
      ['diﬃcult', 'difficult'],
      ['co\u00adoperate', 'cooperate'],
      ['don’t', "don't"],
      ['cafe\u0301', 'caf\u00e9'],
      ['İstanbul', 'istanbul'],
    ] as const)
      expect(show(odd), odd).toEqual(show(plain))
  })

  it('drops accents after stemming, only when asked', () => {
    expect(show('résumé')).not.toEqual(show('resume'))
    const folding = universalAnalyzer({ foldAccents: true })
    expect(show('résumé Ångström', folding)).toEqual(['resume@0', 'angstrom@1'])
  })

  it('keeps the two letters i of Turkish apart', () => {
    expect(show('ISPARTA', turkishAnalyzer())).toEqual(show('ısparta', turkishAnalyzer()))
    expect(show('İZMİR’de', turkishAnalyzer())).toEqual(show('izmir', turkishAnalyzer()))
  })

  it('gives terms that depend on the token alone, not empty, in ascending positions', () => {
    const analyzers = [english, universalAnalyzer({ foldAccents: true }), germanAnalyzer()]
    const tokens = new TokenSpans()
    let checked = 0
    for (const text of generateTexts({ seed: 6, count: 500, hugeLineUnits: 2000 })) {
      for (const analyzer of analyzers) {
        analyzer.tokenize(text, tokens)
        for (let i = 0; i < tokens.count; i++) {
          const token = text.slice(tokens.starts[i]!, tokens.ends[i]!)
          const terms = analyzer.terms(token)
          const ascending = terms.every((term, at) => at === 0 || term.position >= terms[at - 1]!.position)
          if (!ascending || terms.some((term) => term.text === ''))
            expect.fail(JSON.stringify({ token, terms }))
          if (analyzer.terms(token).length !== terms.length) expect.fail(`${token}: another answer`)
          checked++
        }
      }
    }
    expect(checked).toBeGreaterThan(10_000)
  })

  it('has an id that tells every option apart', () => {
    const ids = [
      englishAnalyzer(),
      englishAnalyzer({ stem: false }),
      englishAnalyzer({ identifiers: false }),
      englishAnalyzer({ foldAccents: true }),
      englishAnalyzer({ stopWords: [] }),
      englishAnalyzer({ stopWords: ['a', 'b'] }),
      universalAnalyzer(),
      germanAnalyzer(),
    ].map((analyzer) => analyzer.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(englishAnalyzer({ stopWords: ['b', 'a'] }).id).toBe(englishAnalyzer({ stopWords: ['a', 'b'] }).id)
  })

  it('refuses stop words that are no list of words', () => {
    let thrown: unknown
    try {
      // @ts-expect-error a caller without types
      englishAnalyzer({ stopWords: 'the' })
    } catch (error) {
      thrown = error
    }
    expect(isRagError(thrown, 'invalid-argument')).toBe(true)
  })
})
