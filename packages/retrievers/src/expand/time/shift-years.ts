import { checkInteger, invalid } from '@tesserae/core'

/** Days of a calendar, both included, as `2023-09-04`. */
export interface DayRange {
  readonly first: string
  readonly last: string
}

/** What "so many years later" may mean. */
export interface YearShift {
  /** The same dates of the other year; 29 February becomes 28 February where there is none. */
  readonly dates: DayRange
  /** Whole weeks on, as near to the same dates as weeks allow, so that weekdays stay: 52 weeks for one year. */
  readonly weekdays: DayRange
}

const dayMs = 86_400_000
const pattern = /^(\d{4})-(\d{2})-(\d{2})$/

/**
 * Days some years later, or earlier below zero, in both readings that people have of it: who compares dates wants the
 * same dates, who compares weeks wants the same weekdays. They are never the same days, so whoever shows a result says
 * which was taken. Counting 365 days gives neither of them across a leap day.
 *
 * ```ts
 * shiftYears({ first: '2023-09-04', last: '2023-09-10' }, 1)
 * // dates:    2024-09-04 to 2024-09-10 (Wednesday to Tuesday)
 * // weekdays: 2024-09-02 to 2024-09-08 (Monday to Sunday)
 * ```
 */
export function shiftYears(range: DayRange, years: number): YearShift {
  checkInteger('years', years, -1000, 1000)
  const first = dayOf('first', range.first)
  const last = dayOf('last', range.last)
  if (last < first) invalid('range', 'days in order, the first one first', range)
  const dates = { first: sameDate(first, years), last: sameDate(last, years) }
  const weeks = Math.round((dates.first - first) / 7)
  return {
    dates: { first: textOf(dates.first), last: textOf(dates.last) },
    weekdays: { first: textOf(first + 7 * weeks), last: textOf(last + 7 * weeks) },
  }
}

/** Days since 1970. */
function dayOf(name: string, text: string): number {
  const parts = typeof text === 'string' ? pattern.exec(text) : null
  if (parts === null) invalid(name, 'a day such as 2023-09-04', text)
  const day = daysOf(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]))
  if (textOf(day) !== text) invalid(name, 'a day that the calendar has', text)
  return day
}

function sameDate(day: number, years: number): number {
  const date = new Date(day * dayMs)
  const [year, month] = [date.getUTCFullYear() + years, date.getUTCMonth()]
  const lastOfMonth = new Date(daysOf(year, month + 1, 0) * dayMs).getUTCDate()
  return daysOf(year, month, Math.min(date.getUTCDate(), lastOfMonth))
}

/** `Date.UTC` takes the years below 100 for those of the twentieth century. */
function daysOf(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day) / dayMs
}

function textOf(day: number): string {
  const date = new Date(day * dayMs)
  const year = date.getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) invalid('years', 'a number that leads to a year from 0 to 9999', year)
  return date.toISOString().slice(0, 10)
}
