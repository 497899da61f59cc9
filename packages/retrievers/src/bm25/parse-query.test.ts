import { isRagError } from '@tesserae/core'
import { generateTexts } from '@tesserae/core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkLexicalQuery, type LexicalClause } from './lexical-query.js'
import { parseLexicalQuery } from './parse-query.js'

const parse = (text: string, fields?: readonly string[]) => parseLexicalQuery(text, { fields }).clauses

describe('parseLexicalQuery', () => {
  it.each<[string, readonly LexicalClause[]]>([
    ['who pays the deposit?', [{ type: 'text', text: 'who pays the deposit?' }]],
    ['"late payment"', [{ type: 'phrase', text: 'late payment', occur: 'must' }]],
    ['"late payment"~3', [{ type: 'phrase', text: 'late payment', occur: 'must', slop: 3 }]],
    ['“late payment”', [{ type: 'phrase', text: 'late payment', occur: 'must' }]],
    ['-"late payment"', [{ type: 'phrase', text: 'late payment', occur: 'not' }]],
    [
      'fees +tenant -landlord in Bern',
      [
        { type: 'text', text: 'fees' },
        { type: 'text', text: 'tenant', occur: 'must' },
        { type: 'text', text: 'landlord', occur: 'not' },
        { type: 'text', text: 'in Bern' },
      ],
    ],
    ['retriev*', [{ type: 'prefix', text: 'retriev' }]],
    ['+retriev*', [{ type: 'prefix', text: 'retriev', occur: 'must' }]],
    ['retreival~', [{ type: 'fuzzy', text: 'retreival' }]],
    ['retreival~2', [{ type: 'fuzzy', text: 'retreival', maxEdits: 2 }]],
    ['title:lease', [{ type: 'text', text: 'lease', field: 'title' }]],
    ['-title:"the lease"', [{ type: 'phrase', text: 'the lease', occur: 'not', field: 'title' }]],
    ['', []],
    [' \t\n', []],
  ])('reads %s', (text, clauses) => {
    expect(parse(text, ['title', 'body'])).toEqual(clauses)
  })

  it.each([
    'well-known C++ 5*3=15',
    'http://example.org/a?b=c',
    'note: this',
    'unknown:word',
    'title: word',
    '"unclosed phrase',
    '- + * ~ "',
    'a AND (b OR c)',
    "it's “half open",
  ])('takes %s for words', (text) => {
    expect(parse(text, ['title'])).toEqual([{ type: 'text', text: text.split(/\s+/).join(' ') }])
  })

  it('never throws, keeps every letter and digit, and gives a valid query', () => {
    const letters = (text: string) => (text.match(/[\p{L}\p{N}]/gu) ?? []).join('')
    const check = (text: string) => {
      const query = parseLexicalQuery(text)
      checkLexicalQuery(query)
      const kept = query.clauses.map((clause) => clause.text).join(' ')
      // Slop and edits are digits that an operator took.
      if (!/~\d/.test(text)) expect(letters(kept)).toBe(letters(text))
    }
    for (const text of generateTexts({ seed: 12, count: 300, hugeLineUnits: 5000 })) check(text)
    const piece = fc.constantFrom(
      '"',
      '+',
      '-',
      '*',
      '~',
      ' ',
      'word',
      ':',
      'é',
      '“',
      '”',
      '\u0000',
      '\ud800',
    )
    fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => check(pieces.join(''))))
  })

  it('reads no more than 32 operators, the rest as words', () => {
    const clauses = parse('a* '.repeat(100))
    expect(clauses.filter(({ type }) => type === 'prefix').length).toBe(32)
    expect(clauses.at(-1)).toEqual({ type: 'text', text: Array(68).fill('a').join(' ') })
  })

  it('is checked when it is built by hand', () => {
    const bad: unknown[] = [
      null,
      {},
      { clauses: 'x' },
      { clauses: [null] },
      { clauses: [{ type: 'word', text: 'x' }] },
      { clauses: [{ type: 'text' }] },
      { clauses: [{ type: 'text', text: 'x', occur: 'maybe' }] },
      { clauses: [{ type: 'text', text: 'x', boost: -1 }] },
      { clauses: [{ type: 'phrase', text: 'x', slop: 101 }] },
      { clauses: [{ type: 'fuzzy', text: 'x', maxEdits: 3 }] },
      { clauses: [{ type: 'prefix', text: 'x', maxExpansions: 0 }] },
    ]
    for (const query of bad) {
      let thrown: unknown
      try {
        // @ts-expect-error not a query
        checkLexicalQuery(query)
      } catch (error) {
        thrown = error
      }
      expect(isRagError(thrown, 'invalid-argument'), JSON.stringify(query)).toBe(true)
    }
  })
})
