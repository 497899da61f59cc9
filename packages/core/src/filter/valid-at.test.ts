import { describe, expect, it } from 'vitest'
import type { Metadata } from '../document.js'
import { matchesFilter } from './matches.js'
import { parseFilter } from './parse.js'
import { validAt } from './valid-at.js'

describe('validAt', () => {
  const holds = (metadata: Metadata, moment: string | number) => matchesFilter(validAt(moment), metadata)

  it('holds from the first day to the day before the last, and without a side for ever', () => {
    const old = { validFrom: '2025-01-01', validTo: '2026-03-01' }
    const amended = { validFrom: '2026-03-01' }
    const days = ['2024-12-31', '2025-01-01', '2026-02-28', '2026-03-01', '2030-01-01']
    expect(days.map((day) => holds(old, day))).toEqual([false, true, true, false, false])
    expect(days.map((day) => holds(amended, day))).toEqual([false, false, false, true, true])
    expect(days.map((day) => holds({ ...amended, validTo: null }, day))).toEqual(
      days.map((day) => holds(amended, day)),
    )
    expect(days.map((day) => holds({ validFrom: null, validTo: '2026-03-01' }, day))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
    expect(days.every((day) => holds({}, day))).toBe(true)
  })

  it('takes numbers, and does not compare them with text', () => {
    expect([9, 10, 19, 20].map((now) => holds({ validFrom: 10, validTo: 20 }, now))).toEqual([
      false,
      true,
      true,
      false,
    ])
    expect(holds({ validFrom: 10 }, '2026-01-01')).toBe(false)
  })

  it('is data like any filter, with fields of any name', () => {
    const filter = validAt('2026', { from: 'inForce', to: 'repealed' })
    expect(parseFilter(JSON.parse(JSON.stringify(filter)))).toEqual(filter)
    expect(matchesFilter(filter, { inForce: '2025', repealed: '2026' })).toBe(false)
    expect(matchesFilter(filter, { inForce: '2026', validTo: '2000' })).toBe(true)
    expect(() => validAt('2026', { from: '' })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(() => validAt(Number.NaN)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})
