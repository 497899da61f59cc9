import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { precisionOmega, spanIoU, spanPrecision, spanRecall, spanScores } from './scores.js'
import type { SourceSpan } from './spans.js'

const at = (start: number, end: number): SourceSpan => ({ start, end })

describe('span scores', () => {
  it('follow the definitions by hand', () => {
    // 10 of 20 reference characters among 50 retrieved.
    const scores = spanScores([at(0, 50)], [at(40, 60)])
    expect(scores).toEqual({ recall: 0.5, precision: 0.2, iou: 10 / 60 })
  })

  it('count repeated text each time, in precision and in intersection over union', () => {
    const references = [at(0, 10)]
    expect(spanPrecision([at(0, 10), at(5, 15)], references)).toBe(10 / 20)
    expect(spanIoU([at(0, 10), at(5, 15)], references)).toBe(10 / 20)
    expect(spanRecall([at(0, 10), at(0, 10)], references)).toBe(1)
  })

  it('count overlapping references once', () => {
    expect(spanScores([at(0, 15)], [at(0, 10), at(5, 15)])).toEqual({ recall: 1, precision: 1, iou: 1 })
  })

  it('are 0 for nothing and for another document', () => {
    expect(spanScores([], [at(0, 10)])).toEqual({ recall: 0, precision: 0, iou: 0 })
    const elsewhere = { documentId: 'b', start: 0, end: 10 }
    expect(spanScores([elsewhere], [{ ...elsewhere, documentId: 'a' }]).recall).toBe(0)
  })

  it('refuse references without a character', () => {
    expect(() => spanScores([at(0, 1)], [])).toThrow(/at least one character/)
    expect(() => precisionOmega([at(0, 1)], [at(3, 3)])).toThrow(/at least one character/)
  })
})

describe('precision-omega', () => {
  const chunks = [at(0, 100), at(100, 200), at(200, 300)]

  it('retrieves exactly the chunks that overlap a reference', () => {
    expect(precisionOmega(chunks, [at(110, 140)])).toBe(0.3)
    expect(precisionOmega(chunks, [at(90, 110)])).toBe(0.1)
  })

  it('takes neighbours that only touch when asked, as the published code does', () => {
    expect(precisionOmega(chunks, [at(100, 150)])).toBe(0.5)
    expect(precisionOmega(chunks, [at(100, 150)], { touching: true })).toBe(0.25)
  })

  it('counts text of overlapping chunks once and characters in no chunk against the chunker', () => {
    expect(precisionOmega([at(0, 20), at(10, 30)], [at(12, 18)])).toBe(6 / 30)
    expect(precisionOmega([at(0, 20)], [at(15, 35)])).toBe(5 / 35)
    expect(precisionOmega([], [at(15, 35)])).toBe(0)
  })

  it('is 1 only for chunks that are the references, and never grows when a chunk swallows its neighbour', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 20 }).map((list) => {
      const bounds = [0, ...list.sort((a, b) => a - b), 100]
      return bounds.slice(1).map((end, i) => at(bounds[i]!, end))
    })
    const reference = fc.tuple(fc.nat(99), fc.nat(99)).map(([a, b]) => at(Math.min(a, b), Math.max(a, b) + 1))
    fc.assert(
      fc.property(cuts, reference, fc.nat(18), (parts, target, place) => {
        const omega = precisionOmega(parts, [target])
        expect(omega).toBeGreaterThan(0)
        expect(precisionOmega([target], [target])).toBe(1)
        const first = parts[place]
        const second = parts[place + 1]
        if (first === undefined || second === undefined) return
        const joined = [...parts.slice(0, place), at(first.start, second.end), ...parts.slice(place + 2)]
        expect(precisionOmega(joined, [target])).toBeLessThanOrEqual(omega)
      }),
    )
  })

  it('is the precision of a perfect retrieval where chunks do not overlap', () => {
    expect(precisionOmega(chunks, [at(110, 140), at(250, 260)])).toBe(
      spanPrecision([at(100, 200), at(200, 300)], [at(110, 140), at(250, 260)]),
    )
  })
})
