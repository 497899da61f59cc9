import { checkInteger, checkOneOf, invalid } from '@tesserae/core'

/** A year or one of its quarters; of the fiscal calendar when `fiscal` says so. */
export interface TimePeriod {
  readonly year: number
  /** 1 to 4; without it the period is the whole year. */
  readonly quarter?: number | undefined
  readonly fiscal?: boolean | undefined
}

/** A period with its days. */
export interface DatedPeriod extends TimePeriod {
  /** First day, `2024-04-01`. */
  readonly start: string
  /** The day after the last one, `2024-07-01`. */
  readonly end: string
}

export interface CalendarOptions {
  /** Tells the time; its UTC date counts. @default Date.now */
  readonly now?: (() => number) | undefined
  /** The month that fiscal years begin in, 1 to 12. @default 1 */
  readonly fiscalYearStartMonth?: number | undefined
  /** Whether a fiscal year has the number of the year it ends or begins in. @default 'end' */
  readonly fiscalYearNamedBy?: 'end' | 'start' | undefined
}

/** Years and quarters in order, and today's place among them. */
export interface Calendar {
  /** The year or quarter that today is in. */
  current(unit: TimeUnit, fiscal: boolean): TimePeriod
  dated(period: TimePeriod): DatedPeriod
}

export type TimeUnit = 'year' | 'quarter'

export const firstYear = 1000
export const lastYear = 9999

export function calendar(options: CalendarOptions): Calendar {
  const { now = Date.now } = options
  if (typeof now !== 'function') invalid('now', 'a function', now)
  const startMonth = checkInteger('fiscalYearStartMonth', options.fiscalYearStartMonth ?? 1, 1, 12)
  const namedBy = checkOneOf('fiscalYearNamedBy', options.fiscalYearNamedBy ?? 'end', ['end', 'start'])
  /** Months from the fiscal year's beginning to the January of the year it is named for. */
  const lead = startMonth === 1 ? 0 : namedBy === 'end' ? 13 - startMonth : 1 - startMonth

  return {
    current(unit, fiscal) {
      const today = new Date(now())
      if (Number.isNaN(today.getTime())) invalid('now()', 'a time', today)
      const month = today.getUTCFullYear() * 12 + today.getUTCMonth() + (fiscal ? lead : 0)
      const year = Math.floor(month / 12)
      return period(unit === 'year' ? year : year * 4 + Math.floor((month % 12) / 3), unit, fiscal)
    },
    dated(given) {
      const { year, quarter, fiscal = false } = given
      const first = year * 12 + (quarter === undefined ? 0 : (quarter - 1) * 3) - (fiscal ? lead : 0)
      const months = quarter === undefined ? 12 : 3
      return { ...given, start: firstDay(first), end: firstDay(first + months) }
    },
  }
}

/** A period by its number: quarters count four a year. */
function period(number: number, unit: TimeUnit, fiscal: boolean): TimePeriod {
  const year = unit === 'year' ? number : Math.floor(number / 4)
  return {
    year,
    ...(unit === 'quarter' && { quarter: (number % 4) + 1 }),
    ...(fiscal && { fiscal }),
  }
}

/** Periods from one to another, both included, in that direction; at most `most` of them, from the first. */
export function periodsBetween(from: TimePeriod, to: TimePeriod, most: number): readonly TimePeriod[] {
  const unit: TimeUnit = from.quarter === undefined ? 'year' : 'quarter'
  const numberOf = ({ year, quarter }: TimePeriod, last: boolean) =>
    unit === 'year' ? year : year * 4 + (quarter ?? (last ? 4 : 1)) - 1
  const first = numberOf(from, false)
  const final = numberOf(to, true)
  const step = final < first ? -1 : 1
  const count = Math.min(Math.abs(final - first) + 1, most)
  return Array.from({ length: count }, (_, i) => period(first + i * step, unit, from.fiscal ?? false))
}

/** The `count` periods before one, nearest first. */
export function periodsBefore(period_: TimePeriod, count: number): readonly TimePeriod[] {
  const unit: TimeUnit = period_.quarter === undefined ? 'year' : 'quarter'
  const number = unit === 'year' ? period_.year : period_.year * 4 + period_.quarter! - 1
  return Array.from({ length: count }, (_, i) => period(number - 1 - i, unit, period_.fiscal ?? false))
}

/** Of a month counted from year 0. */
function firstDay(month: number): string {
  const year = String(Math.floor(month / 12)).padStart(4, '0')
  return `${year}-${String((month % 12) + 1).padStart(2, '0')}-01`
}

/** `2024`, `Q2 2024`, `FY2024`, `Q2 FY2024`; short: `Q2'24`, `Q2 FY24`. */
export function formatPeriod(
  { year, quarter, fiscal }: TimePeriod,
  style: 'long' | 'short' = 'long',
): string {
  checkOneOf('style', style, ['long', 'short'])
  const short = String(year % 100).padStart(2, '0')
  const name = fiscal ? `FY${style === 'short' ? short : year}` : String(year)
  if (quarter === undefined) return name
  if (fiscal) return `Q${quarter} ${name}`
  return style === 'short' ? `Q${quarter}'${short}` : `Q${quarter} ${year}`
}
