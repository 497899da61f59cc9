import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DayRange, shiftYears } from './shift-years.js'

const weekday = (day: string) => new Date(day).getUTCDay()
const daysBetween = (a: string, b: string) => (Date.parse(b) - Date.parse(a)) / 86_400_000
const codeOf = (action: () => unknown) => {
  try {
    action()
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
  return 'nothing thrown'
}

describe('shiftYears', () => {
  const week = { first: '2023-09-04', last: '2023-09-10' }

  it('gives both readings of a week one year later, and not 365 days', () => {
    const { dates, weekdays } = shiftYears(week, 1)
    expect(dates).toEqual({ first: '2024-09-04', last: '2024-09-10' })
    expect(weekdays).toEqual({ first: '2024-09-02', last: '2024-09-08' })
    expect([weekday(weekdays.first), weekday(weekdays.last)]).toEqual([1, 0])
    expect(daysBetween(week.first, weekdays.first)).toBe(52 * 7)
    const by365 = '2024-09-03'
    expect([dates.first, weekdays.first]).not.toContain(by365)
  })

  it('goes back as well, and over many years', () => {
    expect(shiftYears(week, -1)).toEqual({
      dates: { first: '2022-09-04', last: '2022-09-10' },
      weekdays: { first: '2022-09-05', last: '2022-09-11' },
    })
    expect(shiftYears(week, 5).weekdays).toEqual({ first: '2028-09-04', last: '2028-09-10' })
    expect(shiftYears(week, 0)).toEqual({ dates: week, weekdays: week })
  })

  it('takes 28 February where there is no 29th', () => {
    const leap = { first: '2024-02-26', last: '2024-02-29' }
    expect(shiftYears(leap, 1).dates).toEqual({ first: '2025-02-26', last: '2025-02-28' })
    expect(shiftYears(leap, 4).dates).toEqual({ first: '2028-02-26', last: '2028-02-29' })
  })

  it('keeps the date in one reading, weekday and length in the other, for any days', () => {
    const day = fc.date({ min: new Date('1000-01-01'), max: new Date('8999-12-01'), noInvalidDate: true })
    fc.assert(
      fc.property(
        day,
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: -900, max: 900 }),
        (date, more, years) => {
          const text = (time: number) => new Date(time).toISOString().slice(0, 10)
          const range: DayRange = { first: text(+date), last: text(+date + more * 86_400_000) }
          const { dates, weekdays } = shiftYears(range, years)
          expect(Number(dates.first.slice(0, 4))).toBe(Number(range.first.slice(0, 4)) + years)
          if (!range.first.endsWith('02-29')) expect(dates.first.slice(4)).toBe(range.first.slice(4))
          expect(weekday(weekdays.first)).toBe(weekday(range.first))
          expect(daysBetween(weekdays.first, weekdays.last)).toBe(more)
          expect(Math.abs(daysBetween(dates.first, weekdays.first))).toBeLessThanOrEqual(3)
        },
      ),
    )
  })

  it('refuses what is no day, no order or no year', () => {
    for (const range of [
      { first: '2023-9-4', last: '2023-09-10' },
      { first: '2023-02-29', last: '2023-03-10' },
      { first: '2023-09-10', last: '2023-09-04' },
      { first: '09/04/2023', last: '09/10/2023' },
    ])
      expect(
        codeOf(() => shiftYears(range, 1)),
        range.first,
      ).toBe('invalid-argument')
    expect(codeOf(() => shiftYears(week, 0.5))).toBe('invalid-argument')
    expect(codeOf(() => shiftYears({ first: '9999-12-01', last: '9999-12-31' }, 1))).toBe('invalid-argument')
    // @ts-expect-error: what callers without types may pass
    expect(codeOf(() => shiftYears({ first: new Date(), last: '2023-09-10' }, 1))).toBe('invalid-argument')
  })
})
