import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Citation, readCitations } from './citations.js'

function citation(number: number): Citation {
  return {
    marker: `[${number}]`,
    number,
    documentId: `d${number}`,
    start: 0,
    end: 1,
    text: 'x',
    headings: [],
    chunkIds: [`c${number}`],
    score: 1,
    cut: false,
    contextSpan: { start: 0, end: 1 },
    pages: [],
    shown: [],
    verbatim: true,
    alsoIn: [],
  }
}

const given = [1, 2, 3, 4, 5].map(citation)

function read(answer: string) {
  const { used, unknown, unused } = readCitations(answer, given)
  return {
    used: used.map((one) => one.citation.number),
    spans: used.map((one) => one.spans.map(({ start, end }) => answer.slice(start, end))),
    unknown: unknown.map(({ marker }) => marker),
    unused: unused.map(({ number }) => number),
  }
}

describe('readCitations', () => {
  it('finds markers with their places, in the order of first use', () => {
    const answer = 'The tenant pays [2], within a month[1]. Always [2].'
    expect(readCitations(answer, given)).toEqual({
      used: [
        {
          citation: given[1],
          spans: [
            { start: 16, end: 19 },
            { start: 47, end: 50 },
          ],
        },
        { citation: given[0], spans: [{ start: 35, end: 38 }] },
      ],
      unknown: [],
      unused: given.slice(2),
    })
  })

  it.each<[string, number[], string[]]>([
    ['a [1, 3] b', [1, 3], []],
    ['a [1,3;5] b', [1, 3, 5], []],
    ['a [2-4] b', [2, 3, 4], []],
    ['a [ 2 – 3 ] b', [2, 3], []],
    ['a [1][2] b', [1, 2], []],
    ['a [[3]] b', [3], []],
    ['a [01] b', [1], []],
    ['a [1, 1, 1-1] b', [1], []],
    ['a [7] b', [], ['[7]']],
    ['a [0] b', [], ['[0]']],
    ['a [4-6] b', [4, 5], ['[4-6]']],
    ['a [4-2] b', [], ['[4-2]']],
    ['a [1, 99] b', [1], ['[1, 99]']],
    ['a [1-99999999999999999999] b', [1, 2, 3, 4, 5], ['[1-99999999999999999999]']],
    ['a [2024] b', [], ['[2024]']],
  ])('reads %s', (answer, used, unknown) => {
    expect(read(answer)).toMatchObject({ used, unknown })
  })

  it.each([
    'a link [1](https://example.com)',
    'a note\n[1]: https://example.com',
    '  [1]: #anchor',
    'escaped \\[1]',
    'code `items[1]` here',
    'code ``a ` [1] `` here',
    '```\nitems[1]\n```',
    '~~~ts\nitems[1]\n``` \n[2]\n~~~',
    '```\nnever closed [1]',
    'words [see 1] [1a] [a1] [1.2] [] [ ] [,] [1,] [-1] [1-] [1--2] [1\n]',
    '[１] fullwidth',
  ])('does not take %j for a citation', (answer) => {
    expect(read(answer)).toMatchObject({ used: [], unknown: [] })
  })

  it.each<[string, number[]]>([
    ['escaped backslash \\\\[1]', [1]],
    ['a lone ` backtick [1] here', [1]],
    ['unequal `` runs ` [1]', [1]],
    ['a ` in one paragraph [1]\n\nand ` in another [2]', [1, 2]],
    ['`code` [1] `code`', [1]],
    ['```\ncode [1]\n```\ntext [2]', [2]],
    ['inline ``` a ``` [1]', [1]],
    ['\\`not code [1]\\`', [1]],
    ['so: [1]: that is why', [1]],
    ['the clause [1] (which is long)', [1]],
  ])('reads %j', (answer, used) => {
    expect(read(answer).used).toEqual(used)
  })

  it('finds every marker between any words, exactly where it is', () => {
    const word = fc.constantFrom('the', 'rent', '🏠', 'كراء', '家賃', ' ', '\n', '.', '(a)', '[b]', 'x:')
    fc.assert(
      fc.property(fc.array(fc.tuple(word, fc.integer({ min: 1, max: 7 }))), (parts) => {
        const answer = parts.map(([text, n]) => `${text} [${n}] `).join('')
        const found = readCitations(answer, given)
        const spans = [
          ...found.used.flatMap((one) => one.spans.map((span) => ({ ...span, n: one.citation.number }))),
          ...found.unknown.map(({ start, end, marker }) => ({ start, end, n: Number(marker.slice(1, -1)) })),
        ].sort((a, b) => a.start - b.start)
        expect(spans.map(({ n }) => n)).toEqual(parts.map(([, n]) => n))
        for (const { start, end, n } of spans) expect(answer.slice(start, end)).toBe(`[${n}]`)
      }),
    )
  })

  it('gets through hostile answers', () => {
    const hostile = [
      '['.repeat(300_000),
      '[1,'.repeat(100_000),
      '[1 '.repeat(100_000),
      `[${'1,'.repeat(150_000)}`,
      `[1${' '.repeat(300_000)}`,
      '`'.repeat(300_000),
      Array.from({ length: 700 }, (_, n) => '`'.repeat(n)).join(' '),
      '``` `\n'.repeat(50_000),
      '\\'.repeat(300_000),
      `${'\\'.repeat(150_000)}[1]`,
      '\n   '.repeat(80_000),
      '[1]:'.repeat(80_000),
    ]
    for (const answer of hostile) {
      const { used, unused } = readCitations(answer, given)
      expect(used.length + unused.length).toBe(5)
    }
  })

  it('refuses what is not a text', () => {
    expect(() => readCitations(undefined as never, given)).toThrow('`answer`')
  })
})
