import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document, Edit, Mark } from './document.js'
import { applyEdits, originSpan } from './edits.js'
import { isRagError } from './errors.js'

function documentOf(text: string, marks: readonly Mark[] = []): Document {
  return { id: 'scan.pdf', text, marks, metadata: { lang: 'en' } }
}

function edit(start: number, end: number, replacement: string): Edit {
  return { start, end, replacement, reason: 'test' }
}

/** Edits of a text of this length that do not overlap, in any order. */
function anyEdits(length: number): fc.Arbitrary<Edit[]> {
  const cuts = fc.array(fc.integer({ min: 0, max: length }), { maxLength: 12 })
  const replacements = fc.infiniteStream(fc.constantFrom('', '', 'X', 'YZ', 'long one', ' '))
  return fc.tuple(cuts, replacements).chain(([places, texts]) => {
    const sorted = places.sort((a, b) => a - b)
    const edits: Edit[] = []
    for (let index = 0; index + 1 < sorted.length; index += 2)
      edits.push(edit(sorted[index]!, sorted[index + 1]!, texts.next().value))
    return fc.shuffledSubarray(edits, { minLength: edits.length })
  })
}

/** A character of an edited text and where it came from: its place in the original, or nothing. */
interface Traced {
  readonly char: string
  readonly origin: number | undefined
  /** The edit that wrote it. */
  readonly edit?: Edit
}

function traced(text: string): Traced[] {
  return Array.from({ length: text.length }, (_, index) => ({ char: text[index]!, origin: index }))
}

/** What edits mean, one character at a time. */
function traceEdits(characters: readonly Traced[], edits: readonly Edit[]): Traced[] {
  const ordered = edits.toSorted((a, b) => a.start - b.start || a.end - b.end)
  const result: Traced[] = []
  for (let place = 0; place <= characters.length; place++) {
    for (const one of ordered)
      if (one.start === place)
        for (let index = 0; index < one.replacement.length; index++)
          result.push({ char: one.replacement[index]!, origin: undefined, edit: one })
    const isRemoved = ordered.some((one) => one.start <= place && place < one.end)
    if (place < characters.length && !isRemoved) result.push(characters[place]!)
  }
  return result
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '\n', '\r\n', '漢'), maxLength: 30 })

describe('applyEdits', () => {
  it('makes the text, in any order of edits, and leaves the given document alone', () => {
    const document = documentOf('one two three')
    const edited = applyEdits(document, [edit(8, 13, '3'), edit(0, 3, ''), edit(4, 4, '(2) ')])
    expect(edited.text).toBe(' (2) two 3')
    expect(document).toEqual(documentOf('one two three'))
    expect(edited).toMatchObject({ id: 'scan.pdf', metadata: { lang: 'en' } })
  })

  it('returns the document itself when there is nothing to edit', () => {
    const document = documentOf('x')
    expect(applyEdits(document, [])).toBe(document)
  })

  it('makes insertions at one place in the order given, before a replacement that starts there', () => {
    const edits = [edit(1, 2, 'R'), edit(1, 1, 'first '), edit(1, 1, 'second ')]
    expect(applyEdits(documentOf('abc'), edits).text).toBe('afirst second Rc')
  })

  it('agrees with editing one character at a time, and kept characters lead back to their origin', () => {
    const rounds = letters.chain((text) => fc.tuple(fc.constant(text), anyEdits(text.length)))
    fc.assert(
      fc.property(rounds, ([text, edits]) => {
        const expected = traceEdits(traced(text), edits)
        const edited = applyEdits(documentOf(text), edits)
        expect(edited.text).toBe(expected.map(({ char }) => char).join(''))
        for (const [offset, { origin, edit: source }] of expected.entries()) {
          const span = originSpan(edited, { start: offset, end: offset + 1 })
          if (origin !== undefined) expect(span).toEqual({ start: origin, end: origin + 1 })
          else if (source!.replacement.length !== source!.end - source!.start)
            expect(span).toEqual({ start: source!.start, end: source!.end })
          else expect(span.start >= source!.start && span.end <= source!.end).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('composes: after several rounds every kept character still leads to the loader’s text', () => {
    fc.assert(
      fc.property(
        letters,
        fc.array(fc.infiniteStream(fc.nat({ max: 1000 })), { maxLength: 4 }),
        (text, rounds) => {
          let document = documentOf(text)
          let expected = traced(text)
          for (const numbers of rounds) {
            const next = (max: number): number => numbers.next().value % (max + 1)
            const places = Array.from({ length: 2 * next(4) }, () => next(document.text.length))
            places.sort((a, b) => a - b)
            const edits: Edit[] = []
            for (let index = 0; index < places.length; index += 2)
              edits.push(edit(places[index]!, places[index + 1]!, 'XYZ'.slice(0, next(3))))
            expected = traceEdits(expected, edits)
            document = applyEdits(document, edits)
          }
          expect(document.text).toBe(expected.map(({ char }) => char).join(''))
          let last = 0
          for (const [offset, { origin }] of expected.entries()) {
            const span = originSpan(document, { start: offset, end: offset + 1 })
            if (origin !== undefined) expect(span).toEqual({ start: origin, end: origin + 1 })
            // Nothing leads outside the original, or back behind what came before.
            expect(span.start).toBeGreaterThanOrEqual(origin === undefined ? 0 : last)
            expect(span.end).toBeLessThanOrEqual(text.length)
            if (origin !== undefined) last = span.end
          }
          const whole = originSpan(document, { start: 0, end: document.text.length })
          for (const { origin } of expected)
            if (origin !== undefined) expect(whole.start <= origin && origin < whole.end).toBe(true)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it.each<[string, Edit[], string]>([
    ['an edit past the text', [edit(2, 9, '')], '[2, 9) "test"'],
    ['an edit turned round', [edit(2, 1, '')], '0 <= start <= end <= 6'],
    ['a negative start', [edit(-1, 1, '')], 'integers'],
    ['fractions', [edit(0.5, 1, '')], 'integers'],
    ['a cut surrogate pair', [edit(0, 5, '')], 'must not cut a surrogate pair'],
    ['a start inside a surrogate pair', [edit(5, 6, '')], 'must not cut a surrogate pair'],
    ['the same edit twice', [edit(0, 2, ''), edit(0, 2, '')], '[0, 2) "test"'],
  ])('refuses %s', (_name, edits, message) => {
    let caught: unknown
    try {
      applyEdits(documentOf('abcd😀'), edits)
    } catch (error) {
      caught = error
    }
    expect(isRagError(caught, 'invalid-span') && caught.message).toContain(message)
    expect((caught as Error).message).toContain('"scan.pdf"')
  })

  it('names both edits of an overlap', () => {
    const edits = [
      { start: 3, end: 5, replacement: '', reason: 'page number' },
      { start: 0, end: 4, replacement: '', reason: 'running head' },
    ]
    expect(() => applyEdits(documentOf('abcdef'), edits)).toThrow(
      'Edit [3, 5) "page number" of document "scan.pdf" overlaps [0, 4) "running head"',
    )
  })

  it('may take the CR of a CR LF away', () => {
    expect(applyEdits(documentOf('a\r\nb'), [edit(1, 2, '')]).text).toBe('a\nb')
  })
})

describe('marks', () => {
  const mark = (start: number, end: number, rest: Partial<Mark> = {}): Mark => ({
    kind: 'paragraph',
    start,
    end,
    ...rest,
  })

  it('keep what is left of their text: kept characters, and edits that lie within', () => {
    const cases = letters.chain((text) =>
      fc.tuple(
        fc.constant(text),
        anyEdits(text.length),
        fc.integer({ min: 0, max: text.length }),
        fc.integer({ min: 0, max: text.length }),
      ),
    )
    fc.assert(
      fc.property(cases, ([text, edits, one, other]) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)]
        if (start === end) return
        // A replacement of the same length stands for its original character for character.
        const after = traceEdits(traced(text), edits)
        const isInside = ({ origin, edit: source }: Traced, offset: number): boolean => {
          if (source === undefined) return start <= origin! && origin! < end
          if (source.start === source.end) return start < source.start && source.start < end
          if (source.replacement.length !== source.end - source.start)
            return start <= source.start && source.end <= end
          const place = source.start + offset - after.findIndex((other) => other.edit === source)
          return start <= place && place < end
        }
        const first = after.findIndex(isInside)
        const last = after.findLastIndex(isInside)
        const expected = first === -1 ? [] : [mark(first, last + 1)]
        expect(applyEdits(documentOf(text, [mark(start, end)]), edits).marks).toEqual(
          edits.length === 0 ? [mark(start, end)] : expected,
        )
      }),
      { numRuns: 2000 },
    )
  })

  it('stay sorted, inside the text, nested or disjoint', () => {
    const cases = letters.chain((text) =>
      fc.tuple(
        fc.constant(text),
        anyEdits(text.length),
        fc.array(fc.integer({ min: 0, max: text.length }), { minLength: 8, maxLength: 8 }),
      ),
    )
    fc.assert(
      fc.property(cases, ([text, edits, places]) => {
        const [a, b, c, d, e, f, g, h] = places.sort((x, y) => x - y) as [
          ...[number, number, number, number, number, number, number, number],
        ]
        // A section with two parts, one with a part of its own, and something after it.
        const marks = [mark(a, g), mark(b, e), mark(c, d), mark(e, f), mark(g, h)]
        const { marks: moved, text: edited } = applyEdits(documentOf(text, marks), edits)
        for (const [index, one] of moved.entries()) {
          expect(one.start >= 0 && one.start <= one.end && one.end <= edited.length).toBe(true)
          for (const later of moved.slice(index + 1)) {
            expect(later.start).toBeGreaterThanOrEqual(one.start)
            const isDisjoint = one.end <= later.start || later.end <= one.start
            const isNested =
              (one.start <= later.start && later.end <= one.end) ||
              (later.start <= one.start && one.end <= later.end)
            expect(isDisjoint || isNested).toBe(true)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('are dropped when nothing is left, and keep level, box and confidence when something is', () => {
    const marks: Mark[] = [
      mark(0, 3, { kind: 'heading', level: 2, label: 'Top' }),
      mark(4, 7, { kind: 'table', box: [1, 2, 3, 4], confidence: 0.5 }),
    ]
    const edited = applyEdits(documentOf('Top two', marks), [edit(0, 4, '')])
    expect(edited.marks).toEqual([{ ...marks[1], start: 0, end: 3 }])
  })

  it('that were empty stay where they are unless their place is gone', () => {
    const page = mark(3, 3, { kind: 'page', label: '2' })
    expect(applyEdits(documentOf('abcdef', [page]), [edit(0, 1, ''), edit(3, 3, 'new')]).marks).toEqual([
      { ...page, start: 2, end: 2 },
    ])
    expect(applyEdits(documentOf('abcdef', [page]), [edit(2, 4, '')]).marks).toEqual([])
  })

  describe('labels', () => {
    const headed = documentOf('# Call Ann Lee\ntext', [
      mark(0, 14, { kind: 'heading', level: 1, label: 'Call Ann Lee' }),
    ])

    it('of a heading follow its text, so that nothing redacted stays in them', () => {
      const redacted = applyEdits(headed, [edit(7, 14, '[NAME]')])
      expect(redacted.text).toBe('# Call [NAME]\ntext')
      expect(redacted.marks[0]).toMatchObject({ start: 0, end: 13, label: 'Call [NAME]' })
    })

    it('stay when the heading is only moved or edited elsewhere', () => {
      const moved = applyEdits(headed, [edit(0, 0, '\n\n'), edit(15, 19, 'x')])
      expect(moved.marks[0]).toEqual({ ...headed.marks[0], start: 2, end: 16 })
    })

    it('not found in the text go when they contain what was removed, and stay when not', () => {
      const source = documentOf('# Call **Ann** now', [
        mark(0, 18, { kind: 'heading', label: 'Call Ann now' }),
      ])
      const without = applyEdits(source, [edit(9, 12, 'X')]).marks[0]!
      expect('label' in without).toBe(false)
      expect(applyEdits(source, [edit(7, 9, '')]).marks[0]!.label).toBe('Call Ann now')
      expect(applyEdits(source, [edit(6, 7, '  ')]).marks[0]!.label).toBe('Call Ann now')
    })

    it('that are no part of the text stay: page labels, languages of code', () => {
      const page = documentOf('page 7 text', [mark(0, 11, { kind: 'page', label: '7' })])
      expect(applyEdits(page, [edit(0, 7, '')]).marks[0]).toMatchObject({ start: 0, end: 4, label: '7' })
      const numbered = documentOf('7 text', [mark(0, 6, { kind: 'page', label: '7' })])
      expect(applyEdits(numbered, [edit(0, 2, '')]).marks[0]).toMatchObject({ start: 0, end: 4, label: '7' })
    })

    it('of an image follow its text too', () => {
      const image = documentOf('see Ann at sea', [mark(4, 14, { kind: 'image', label: 'Ann at sea' })])
      expect(applyEdits(image, [edit(4, 7, '[NAME]')]).marks[0]).toMatchObject({ label: '[NAME] at sea' })
    })

    it('go when an edit that begins before the heading removes them', () => {
      const source = documentOf('by Ann *Lee*, 1', [mark(3, 15, { kind: 'heading', label: 'Ann Lee: 1' })])
      const edited = applyEdits(source, [edit(0, 1, 'B'), edit(2, 6, '')])
      expect(edited.marks).toEqual([{ kind: 'heading', start: 2, end: 11 }])
    })

    it('whose whole text was removed go', () => {
      const edited = applyEdits(headed, [edit(2, 14, '')])
      expect(edited.marks).toEqual([{ kind: 'heading', level: 1, start: 0, end: 2 }])
    })
  })
})

describe('originSpan', () => {
  // original: a b c d e f g h   d e deleted, f g replaced by X, "++" inserted before h, and "!" at the end
  const edited = applyEdits(documentOf('abcdefgh'), [
    edit(3, 5, ''),
    edit(5, 7, 'X'),
    edit(7, 7, '++'),
    edit(8, 8, '!'),
  ])

  it('reads abcX++h!', () => {
    expect(edited.text).toBe('abcX++h!')
  })

  it.each([
    ['abc', 0, 3, 0, 3],
    ['bc', 1, 3, 1, 3],
    ['c and the replacement, with the deletion between', 2, 4, 2, 7],
    ['the replacement', 3, 4, 5, 7],
    ['one inserted character', 4, 5, 7, 7],
    ['inserted text and h', 4, 7, 7, 8],
    ['h', 6, 7, 7, 8],
    ['the end', 7, 8, 8, 8],
    ['everything', 0, 8, 0, 8],
    ['nothing before b', 1, 1, 1, 1],
    ['nothing after the deletion', 3, 3, 5, 5],
  ])('%s', (_name, start, end, originStart, originEnd) => {
    expect(originSpan(edited, { start, end })).toEqual({ start: originStart, end: originEnd })
  })

  it('takes any part of a replacement for all it replaced', () => {
    const redacted = applyEdits(documentOf('by Ann Lee.'), [edit(3, 10, '[PERSON]')])
    expect(originSpan(redacted, { start: 5, end: 6 })).toEqual({ start: 3, end: 10 })
    expect(originSpan(redacted, { start: 5, end: 5 })).toEqual({ start: 3, end: 10 })
    const trimmed = applyEdits(redacted, [edit(3, 4, ''), edit(7, 7, '-')])
    expect(trimmed.text).toBe('by PER-SON].')
    expect(originSpan(trimmed, { start: 4, end: 5 })).toEqual({ start: 3, end: 10 })
    expect(originSpan(trimmed, { start: 11, end: 12 })).toEqual({ start: 10, end: 11 })
  })

  it('is the span itself in a document never edited', () => {
    expect(originSpan(documentOf('abc'), { start: 1, end: 2 })).toEqual({ start: 1, end: 2 })
  })

  it('refuses spans outside the text', () => {
    for (const span of [
      { start: 0, end: 9 },
      { start: -1, end: 1 },
      { start: 2, end: 1 },
      { start: 0, end: 0.5 },
    ])
      expect(() => originSpan(edited, span)).toThrow('must hold integers with 0 <= start <= end <= 8')
  })
})
