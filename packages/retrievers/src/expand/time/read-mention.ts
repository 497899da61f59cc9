import { fieldOf } from '../read-json.js'
import type { TimePeriod, TimeUnit } from './periods.js'
import { isPeriod, mostPeriods, type TimeMention } from './time-mention.js'

/** What a model classified, made only of known parts; undefined for anything else. */
export function readMention(value: unknown): TimeMention | undefined {
  const type = fieldOf(value, 'type')
  switch (type) {
    case 'none':
      return { type }
    case 'periods': {
      const given = fieldOf(value, 'periods')
      if (!Array.isArray(given)) return undefined
      const periods = given.slice(0, mostPeriods).map(readPeriod)
      return periods.every((period) => period !== undefined) ? { type, periods } : undefined
    }
    case 'range': {
      const from = readPeriod(fieldOf(value, 'from'))
      const to = readPeriod(fieldOf(value, 'to'))
      return from && to && { type, from, to }
    }
    case 'since': {
      const from = readPeriod(fieldOf(value, 'from'))
      return from && { type, from }
    }
    case 'last': {
      const unit = readUnit(value)
      const count = Number(fieldOf(value, 'count'))
      return unit && Number.isInteger(count) && count > 0
        ? { type, count, unit, ...readFiscal(value) }
        : undefined
    }
    case 'current': {
      const unit = readUnit(value)
      return unit && { type, unit, ...readFiscal(value) }
    }
    default:
      return undefined
  }
}

function readPeriod(value: unknown): TimePeriod | undefined {
  const year = Number(fieldOf(value, 'year'))
  const given = fieldOf(value, 'quarter') ?? undefined
  const quarter = given === undefined ? undefined : Number(String(given).replace(/^q/i, ''))
  const period = { year, ...(quarter !== undefined && { quarter }), ...readFiscal(value) }
  return isPeriod(period) ? period : undefined
}

function readUnit(value: unknown): TimeUnit | undefined {
  const unit = fieldOf(value, 'unit')
  return unit === 'year' || unit === 'quarter' ? unit : undefined
}

function readFiscal(value: unknown): { readonly fiscal?: true } {
  return fieldOf(value, 'fiscal') === true ? { fiscal: true } : {}
}
