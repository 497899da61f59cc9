import { describe, expect, it } from 'vitest'
import type { OffsetMap } from './document.js'
import { applyEdits, originSpan } from './edits.js'
import { closeOffsetMap, composeOffsetMaps, OffsetMapBuilder, project } from './offset-map.js'

function mapOf(...entries: readonly (readonly [number, number])[]): OffsetMap {
  return {
    offsets: Uint32Array.from(entries, ([offset]) => offset),
    origins: Uint32Array.from(entries, ([, origin]) => origin),
  }
}

describe('OffsetMapBuilder', () => {
  it('merges kept runs, drops empty ones and keeps insertions and deletions apart', () => {
    const builder = new OffsetMapBuilder()
    builder.add(0, 0)
    builder.add(2, 2)
    builder.add(3, 3)
    builder.add(3, 5)
    builder.add(5, 5)
    builder.add(5, 5)
    builder.add(7, 7)
    expect(builder.build()).toEqual(mapOf([0, 0], [3, 3], [3, 5], [5, 5], [7, 7]))
  })
})

describe('project', () => {
  const map = mapOf([0, 0], [3, 3], [3, 5], [4, 7], [5, 8])

  it('goes back: one place, or a range inside a replacement or at a deletion', () => {
    expect(project(map.offsets, map.origins, 1)).toEqual({ low: 1, high: 1, at: 'kept' })
    expect(project(map.offsets, map.origins, 3)).toEqual({ low: 3, high: 5, at: 'between' })
    expect(project(map.offsets, map.origins, 5)).toEqual({ low: 8, high: 8, at: 'between' })
  })

  it('goes forth', () => {
    expect(project(map.origins, map.offsets, 4)).toEqual({ low: 3, high: 3, at: 'replaced' })
    expect(project(map.origins, map.offsets, 6)).toEqual({ low: 3, high: 4, at: 'replaced' })
    expect(project(map.origins, map.offsets, 8)).toEqual({ low: 5, high: 5, at: 'between' })
  })
})

describe('closeOffsetMap', () => {
  it('takes the rest of the text as kept', () => {
    expect(closeOffsetMap(mapOf([0, 2]), 5)).toEqual(mapOf([0, 2], [5, 7]))
    expect(closeOffsetMap(mapOf(), 5)).toEqual(mapOf([0, 0], [5, 5]))
    const closed = mapOf([0, 0], [5, 9])
    expect(closeOffsetMap(closed, 5)).toBe(closed)
    expect(() => closeOffsetMap(closed, 4)).toThrow('got 5 for a text of 4')
  })

  it('lets a loader write short maps', () => {
    // The loader left out the first 10 characters and 5 more at offset 20.
    const origin = mapOf([0, 10], [20, 30], [20, 35])
    const document = { id: 'd', text: 'x'.repeat(40), marks: [], metadata: {}, origin }
    expect(originSpan(document, { start: 19, end: 21 })).toEqual({ start: 29, end: 36 })
    const edited = applyEdits(document, [{ start: 0, end: 15, replacement: '', reason: 'head' }])
    expect(originSpan(edited, { start: 4, end: 6 })).toEqual({ start: 29, end: 36 })
  })
})

describe('composeOffsetMaps', () => {
  it('keeps what both kept and joins replacements that overlap', () => {
    // abcdefgh → abXYfgh (cde replaced by XY) → abX--Yfg (h deleted, -- inserted inside XY).
    const first = mapOf([0, 0], [2, 2], [4, 5], [7, 8])
    const second = mapOf([0, 0], [3, 3], [5, 3], [8, 6], [8, 7])
    expect(composeOffsetMaps(first, second)).toEqual(mapOf([0, 0], [2, 2], [6, 5], [8, 7], [8, 8]))
  })

  it('keeps a replacement whole that swallows an earlier deletion', () => {
    // abcdef → abdef (c deleted) → aXf (bde replaced by X).
    const first = mapOf([0, 0], [2, 2], [2, 3], [5, 6])
    const second = mapOf([0, 0], [1, 1], [2, 4], [3, 5])
    expect(composeOffsetMaps(first, second)).toEqual(mapOf([0, 0], [1, 1], [2, 5], [3, 6]))
  })

  it('divides inserted text that a later edit takes a part of', () => {
    // abcdef → abXYcdef → abXQdef (Yc replaced by Q): X still comes from between b and c.
    const first = mapOf([0, 0], [2, 2], [4, 2], [8, 6])
    const second = mapOf([0, 0], [3, 3], [4, 5], [7, 8])
    expect(composeOffsetMaps(first, second)).toEqual(mapOf([0, 0], [2, 2], [3, 2], [7, 6]))
  })

  it('puts inserted text before what was already deleted there', () => {
    const first = mapOf([0, 0], [2, 2], [2, 4], [5, 7])
    const second = mapOf([0, 0], [2, 2], [3, 2], [6, 5])
    expect(composeOffsetMaps(first, second)).toEqual(mapOf([0, 0], [2, 2], [3, 2], [3, 4], [6, 7]))
  })

  it('with nothing changed is the other map', () => {
    const map = mapOf([0, 0], [3, 3], [3, 5], [4, 7], [5, 8])
    expect(composeOffsetMaps(map, mapOf([0, 0], [5, 5]))).toEqual(map)
    expect(composeOffsetMaps(mapOf([0, 0], [8, 8]), map)).toEqual(map)
  })

  it('refuses maps in the wrong order', () => {
    expect(() => composeOffsetMaps(mapOf([0, 0], [9, 9]), mapOf([0, 0], [5, 5]))).toThrow(
      'Compose maps in the order the edits were made',
    )
  })
})
