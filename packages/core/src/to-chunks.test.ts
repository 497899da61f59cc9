import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSafeCut } from './boundaries.js'
import type { ChunkSpan } from './chunk.js'
import type { Document, Mark } from './document.js'
import { isRagError } from './errors.js'
import { embeddingText, toChunks } from './to-chunks.js'

function documentOf(text: string, marks: readonly Mark[] = []): Document<{ lang: string }> {
  return { id: 'guide.md', text, marks, metadata: { lang: 'en' } }
}

const unit = fc.constantFrom(
  'a',
  ' ',
  '\n',
  '\r',
  '\r\n',
  '😀',
  '👩‍👩‍👧',
  '\ud83d',
  '\ude00',
  '漢',
  'ع',
  '\0',
  'same ',
)
const text = fc.string({ unit, minLength: 1, maxLength: 40 })

/** Any valid spans of a text: sorted by start, none twice, overlapping as they like. */
const cutText = text.chain((value) => {
  const cuts = Array.from({ length: value.length + 1 }, (_, offset) => offset).filter((offset) =>
    isSafeCut(value, offset),
  )
  const place = fc.constantFrom(...cuts)
  return fc.array(fc.tuple(place, place), { maxLength: 12 }).map((pairs) => {
    const spans = new Map<string, ChunkSpan>()
    for (const [one, other] of pairs) {
      const span = { start: Math.min(one, other), end: Math.max(one, other) }
      if (span.start < span.end) spans.set(`${span.start}-${span.end}`, span)
    }
    return { value, spans: [...spans.values()].sort((a, b) => a.start - b.start) }
  })
})

describe('toChunks', () => {
  it('slices: text is the document between start and end, whatever the spans', () => {
    fc.assert(
      fc.property(cutText, ({ value, spans }) => {
        const document = documentOf(value)
        const chunks = toChunks(document, spans)
        expect(chunks.length).toBe(spans.length)
        for (const [index, chunk] of chunks.entries()) {
          expect(chunk.index).toBe(index)
          expect({ start: chunk.start, end: chunk.end }).toEqual(spans[index])
          expect(chunk.text).toBe(value.slice(chunk.start, chunk.end))
          expect(chunk.documentId).toBe('guide.md')
          expect(chunk.metadata).toBe(document.metadata)
        }
        expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(chunks.length)
        expect(toChunks(document, spans)).toEqual(chunks)
      }),
      { numRuns: 1000 },
    )
  })

  it('gives an id that depends on document, place and text, and on nothing else', () => {
    const base = toChunks(documentOf('one two'), [{ start: 0, end: 3 }])[0]!
    expect(base.id).toMatch(/^[0-9a-f]{32}$/)
    const [other, same] = toChunks(
      {
        ...documentOf('one six', [{ kind: 'heading', start: 0, end: 3 }]),
        metadata: { lang: 'fr' },
        uri: 'x',
      },
      [
        { start: 0, end: 2 },
        { start: 0, end: 3, context: 'c', tokens: 9, window: { start: 0, end: 7 } },
      ],
    )
    expect(same!.id).toBe(base.id)
    expect(other!.id).not.toBe(base.id)
    expect(toChunks({ ...documentOf('one two'), id: 'b' }, [{ start: 0, end: 3 }])[0]!.id).not.toBe(base.id)
    expect(toChunks(documentOf('0ne two'), [{ start: 0, end: 3 }])[0]!.id).not.toBe(base.id)
    expect(toChunks(documentOf('xone'), [{ start: 1, end: 4 }])[0]!.id).not.toBe(base.id)
  })

  it('carries window, context, tokens, uri and page, and leaves out what is not there', () => {
    const bare = toChunks(documentOf('abc'), [{ start: 0, end: 1 }])[0]!
    expect(Object.keys(bare)).toEqual([
      'id',
      'documentId',
      'index',
      'start',
      'end',
      'text',
      'headings',
      'metadata',
    ])
    const marks: Mark[] = [{ kind: 'page', start: 0, end: 3, label: 'iv' }]
    const span = { start: 1, end: 2, window: { start: 0, end: 3 }, context: 'Guide', tokens: 0 }
    const full = toChunks({ ...documentOf('abc', marks), uri: 'file:guide.md' }, [span])[0]!
    expect(full).toMatchObject({ ...span, page: 'iv', uri: 'file:guide.md', text: 'b' })
    expect(JSON.parse(JSON.stringify(full))).toStrictEqual(full)
  })

  it('finds no chunks in no spans', () => {
    expect(toChunks(documentOf(''), [])).toEqual([])
  })

  describe('headings and pages', () => {
    const outline = 'A\nb\nB\nc\nC\nd\nD\ne'
    const heading = (start: number, level: number | undefined, label?: string): Mark => ({
      kind: 'heading',
      start,
      end: start + 1,
      ...(level === undefined ? {} : { level }),
      ...(label === undefined ? {} : { label }),
    })

    it('are those in force where the chunk starts, outermost first', () => {
      const marks = [heading(0, 1), heading(4, 2, 'Bee'), heading(8, 3), heading(12, 2)]
      const spans = [0, 2, 4, 6, 8, 10, 12, 14].map((start) => ({ start, end: start + 1 }))
      expect(toChunks(documentOf(outline, marks), spans).map((chunk) => chunk.headings.join('/'))).toEqual([
        'A',
        'A',
        'A/Bee',
        'A/Bee',
        'A/Bee/C',
        'A/Bee/C',
        'A/D',
        'A/D',
      ])
    })

    it('handle skipped levels, missing levels and blank titles', () => {
      const marks = [heading(0, 3), heading(2, 2, ''), heading(4, undefined), heading(8, 4)]
      const spans = [0, 2, 4, 8].map((start) => ({ start, end: start + 1 }))
      expect(toChunks(documentOf(outline, marks), spans).map((chunk) => chunk.headings)).toEqual([
        ['A'],
        [],
        ['B'],
        ['B', 'C'],
      ])
    })

    it('agree with looking back from every chunk', () => {
      const levels = fc.array(fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }), {
        maxLength: 12,
      })
      fc.assert(
        fc.property(levels, (generated) => {
          const marks = generated.flatMap((level, index) =>
            level === undefined ? [] : [heading(index, level, `${index}`)],
          )
          const spans = generated.map((_, index) => ({ start: index, end: index + 1 }))
          const document = documentOf('x'.repeat(generated.length), marks)
          for (const chunk of toChunks(document, spans)) {
            const expected: string[] = []
            let open = Number.POSITIVE_INFINITY
            for (const mark of marks.toReversed()) {
              if (mark.start > chunk.start || mark.level! >= open) continue
              expected.unshift(mark.label!)
              open = mark.level!
            }
            expect(chunk.headings).toEqual(expected)
          }
        }),
      )
    })

    it('a page is the last one begun, and other marks tell nothing', () => {
      const marks: Mark[] = [
        { kind: 'page', start: 2, end: 5, label: '1' },
        { kind: 'table', start: 2, end: 4, label: 'T' },
        { kind: 'page', start: 6, end: 9, label: '2' },
        { kind: 'page', start: 9, end: 12 },
      ]
      const spans = [0, 2, 4, 5, 6, 9].map((start) => ({ start, end: start + 1 }))
      const chunks = toChunks(documentOf('x'.repeat(12), marks), spans)
      expect(chunks.map((chunk) => chunk.page)).toEqual([undefined, '1', '1', '1', '2', undefined])
      expect(chunks.every((chunk) => chunk.headings.length === 0)).toBe(true)
    })
  })

  it.each<[string, string, ChunkSpan[], string]>([
    ['an empty span', 'abc', [{ start: 1, end: 1 }], '`spans[0]`'],
    ['a span turned round', 'abc', [{ start: 2, end: 1 }], '0 <= start < end'],
    ['a start below 0', 'abc', [{ start: -1, end: 1 }], 'got [-1, 1)'],
    ['an end past the text', 'abc', [{ start: 0, end: 4 }], 'in a text of 3'],
    ['fractions', 'abc', [{ start: 0.5, end: 2 }], 'integers'],
    ['NaN', 'abc', [{ start: 0, end: Number.NaN }], 'integers'],
    ['a cut surrogate pair', 'a😀', [{ start: 0, end: 2 }], 'surrogate pair or CR LF'],
    ['a start inside a pair', 'a😀', [{ start: 2, end: 3 }], 'surrogate pair or CR LF'],
    ['a cut CR LF', 'a\r\nb', [{ start: 0, end: 2 }], 'surrogate pair or CR LF'],
    [
      'spans out of order',
      'abc',
      [
        { start: 1, end: 2 },
        { start: 0, end: 1 },
      ],
      '`spans[1]`',
    ],
    [
      'a span twice',
      'abc',
      [
        { start: 0, end: 2 },
        { start: 0, end: 1 },
        { start: 0, end: 2 },
      ],
      '`spans[2]`',
    ],
    ['a window past the text', 'abc', [{ start: 0, end: 1, window: { start: 0, end: 9 } }], 'window'],
    [
      'a window beside the span',
      'abc',
      [{ start: 0, end: 2, window: { start: 1, end: 3 } }],
      'contains [0, 2)',
    ],
    [
      'a window that ends too early',
      'abc',
      [{ start: 0, end: 2, window: { start: 0, end: 1 } }],
      'contains [0, 2)',
    ],
    ['a window that cuts a pair', 'a😀b', [{ start: 0, end: 1, window: { start: 0, end: 2 } }], 'window'],
    ['tokens below 0', 'abc', [{ start: 0, end: 1, tokens: -1 }], '`tokens`'],
    ['tokens that are no integer', 'abc', [{ start: 0, end: 1, tokens: 1.5 }], '`tokens`'],
  ])('refuses %s', (_name, value, spans, message) => {
    let caught: unknown
    try {
      toChunks(documentOf(value), spans)
    } catch (error) {
      caught = error
    }
    expect(isRagError(caught, 'invalid-span') && caught.message).toContain(message)
    expect((caught as Error).message).toContain('"guide.md"')
  })
})

describe('embeddingText', () => {
  it('puts the context on a line of its own in front of the text', () => {
    expect(embeddingText({ text: 'body', context: 'Guide > Setup' })).toBe('Guide > Setup\nbody')
    expect(embeddingText({ text: 'body' })).toBe('body')
    expect(embeddingText({ text: 'body', context: '' })).toBe('body')
  })
})
