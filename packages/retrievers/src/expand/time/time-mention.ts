import {
  type Calendar,
  firstYear,
  lastYear,
  periodsBefore,
  periodsBetween,
  type TimePeriod,
  type TimeUnit,
} from './periods.js'

/**
 * What a query says about time. Reading a query gives this and nothing more; which years and quarters it means is
 * computed from a calendar. `last` counts back from the current period, which is not over and not among them; `since`
 * ends with it.
 */
export type TimeMention =
  | { readonly type: 'none' }
  | { readonly type: 'periods'; readonly periods: readonly TimePeriod[] }
  | { readonly type: 'range'; readonly from: TimePeriod; readonly to: TimePeriod }
  | { readonly type: 'since'; readonly from: TimePeriod }
  | {
      readonly type: 'last'
      readonly count: number
      readonly unit: TimeUnit
      readonly fiscal?: boolean | undefined
    }
  | { readonly type: 'current'; readonly unit: TimeUnit; readonly fiscal?: boolean | undefined }

/** However much time a query or a model asks for. */
export const mostPeriods = 40

/** The periods a mention means, none when it means nothing: those before now nearest first, others in their order. */
export function expandMention(mention: TimeMention, calendar: Calendar): readonly TimePeriod[] {
  switch (mention.type) {
    case 'none':
      return []
    case 'periods':
      return distinct(mention.periods.filter(isPeriod)).slice(0, mostPeriods)
    case 'range':
      if (!isPeriod(mention.from) || !isPeriod(mention.to)) return []
      return periodsBetween(mention.from, mention.to, mostPeriods)
    case 'since': {
      const { from } = mention
      if (!isPeriod(from)) return []
      const now = calendar.current(from.quarter === undefined ? 'year' : 'quarter', from.fiscal ?? false)
      return isAfter(from, now) ? [] : periodsBetween(now, from, mostPeriods)
    }
    case 'last': {
      const count = Number.isInteger(mention.count) ? Math.min(Math.max(mention.count, 0), mostPeriods) : 0
      return periodsBefore(calendar.current(mention.unit, mention.fiscal ?? false), count)
    }
    case 'current':
      return [calendar.current(mention.unit, mention.fiscal ?? false)]
  }
}

export function isPeriod({ year, quarter }: TimePeriod): boolean {
  const isYear = Number.isInteger(year) && year >= firstYear && year <= lastYear
  return isYear && (quarter === undefined || (Number.isInteger(quarter) && quarter >= 1 && quarter <= 4))
}

function isAfter(a: TimePeriod, b: TimePeriod): boolean {
  return a.year * 4 + (a.quarter ?? 1) > b.year * 4 + (b.quarter ?? 4)
}

function distinct(periods: readonly TimePeriod[]): readonly TimePeriod[] {
  const seen = new Map<string, TimePeriod>()
  for (const period of periods) {
    const key = `${period.fiscal ?? false}/${period.year}/${period.quarter ?? 0}`
    if (!seen.has(key)) seen.set(key, period)
  }
  return [...seen.values()]
}
