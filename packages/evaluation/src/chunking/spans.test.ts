import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { intersectSpans, mergeSpans, type SourceSpan, spansMeeting, totalLength } from './spans.js'

/** Characters as strings: slow and obvious, the oracle of the arithmetic. */
function characters(spans: readonly SourceSpan[]): Set<string> {
  const set = new Set<string>()
  for (const { documentId, start, end } of spans)
    for (let i = start; i < end; i++) set.add(`${documentId ?? ''}:${i}`)
  return set
}

const span = fc
  .record({ documentId: fc.constantFrom('a', 'b'), start: fc.nat(40), length: fc.nat(12) })
  .map(({ documentId, start, length }) => ({ documentId, start, end: start + length }))
const spans = fc.array(span, { maxLength: 12 })

describe('spans', () => {
  it('merge to the same characters, sorted, apart and never empty', () => {
    fc.assert(
      fc.property(spans, (list) => {
        const merged = mergeSpans(list)
        expect(characters(merged)).toEqual(characters(list))
        expect(totalLength(merged)).toBe(characters(list).size)
        for (let i = 0; i < merged.length; i++) {
          const { documentId, start, end } = merged[i]!
          expect(end).toBeGreaterThan(start)
          const before = merged[i - 1]
          if (before?.documentId === documentId && before !== undefined)
            expect(start).toBeGreaterThan(before.end)
        }
      }),
    )
  })

  it('intersect to the common characters', () => {
    fc.assert(
      fc.property(spans, spans, (a, b) => {
        const right = characters(b)
        const common = new Set([...characters(a)].filter((character) => right.has(character)))
        const both = intersectSpans(a, b)
        expect(characters(both)).toEqual(common)
        expect(totalLength(both)).toBe(common.size)
      }),
    )
  })

  it('meet when they share a character, or touch when that counts', () => {
    fc.assert(
      fc.property(spans, spans, (list, targets) => {
        const filled = targets.filter(({ start, end }) => start < end)
        const sharing = list.filter((one) =>
          filled.some((target) => totalLength(intersectSpans([one], [target])) > 0),
        )
        expect(spansMeeting(list, targets)).toEqual(sharing)
        const touching = list.filter((one) =>
          filled.some((t) => t.documentId === one.documentId && t.start <= one.end && one.start <= t.end),
        )
        expect(spansMeeting(list, targets, true)).toEqual(touching)
      }),
    )
  })

  it('of one document need no id', () => {
    expect(
      mergeSpans([
        { start: 5, end: 9 },
        { start: 0, end: 5 },
      ]),
    ).toEqual([{ start: 0, end: 9 }])
  })

  it('refuse what is no span', () => {
    expect(() => mergeSpans([{ start: 3, end: 2 }])).toThrow(/start that is not after its end, got "3 to 2"/)
    expect(() => mergeSpans([{ start: -1, end: 2 }])).toThrow(/integers of at least 0/)
    expect(() => spansMeeting([{ start: 0.5, end: 2 }], [])).toThrow(/integers/)
  })
})
