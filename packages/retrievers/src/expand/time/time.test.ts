import { eq, oneOf } from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { chunkOf, idsOf, lexicalOver } from '../testing/library.js'
import { type CalendarOptions, calendar, formatPeriod } from './periods.js'
import { readTime } from './read-time.js'
import { expandMention, type TimeMention } from './time-mention.js'
import { timeRetriever } from './time-retriever.js'

/** In the first quarter of 2024. */
const now = () => Date.UTC(2024, 1, 10)
const short = (mention: TimeMention, options: CalendarOptions = { now }) =>
  expandMention(mention, calendar(options)).map((period) => formatPeriod(period, 'short'))
const long = (query: string, options: CalendarOptions = { now }) =>
  expandMention(readTime(query), calendar(options)).map((period) => formatPeriod(period))

describe('the worked examples', () => {
  it('counts the last five quarters back from Q1 2024 without the current one', () => {
    expect(short(readTime('revenue of the last 5 quarters'))).toEqual([
      "Q4'23",
      "Q3'23",
      "Q2'23",
      "Q1'23",
      "Q4'22",
    ])
  })

  it('counts the last three quarters', () => {
    expect(short(readTime('the last three quarters'))).toEqual(["Q4'23", "Q3'23", "Q2'23"])
  })

  it('counts the last four years from 2024', () => {
    expect(long('growth over the last 4 years')).toEqual(['2023', '2022', '2021', '2020'])
  })

  it('writes quarters both ways that are asked for', () => {
    const second = { year: 2024, quarter: 2 }
    expect([formatPeriod(second, 'short'), formatPeriod(second)]).toEqual(["Q2'24", 'Q2 2024'])
    expect(readTime("Q2'24")).toEqual(readTime('Q2 2024'))
  })

  it('expands a range of quarters of one year', () => {
    expect(long('sales in Q2–Q4 2019')).toEqual(['Q2 2019', 'Q3 2019', 'Q4 2019'])
  })
})

describe('readTime', () => {
  it.each([
    ['what happened in 2021?', ['2021']],
    ['revenue in 2019 and 2021', ['2019', '2021']],
    ['between 2019 and 2021', ['2019', '2020', '2021']],
    ['from 2019 to 2021', ['2019', '2020', '2021']],
    ['2019-2021', ['2019', '2020', '2021']],
    ['from 2021 to 2019', ['2021', '2020', '2019']],
    ['Q3 2019 to Q1 2020', ['Q3 2019', 'Q4 2019', 'Q1 2020']],
    ['2Q 2023', ['Q2 2023']],
    ['second quarter of 2023', ['Q2 2023']],
    ['the 3rd quarter, 2023', ['Q3 2023']],
    ['Q2’24 against Q2’23', ['Q2 2024', 'Q2 2023']],
    ['Q2 2024 against 2023', ['Q2 2024', '2023']],
    ['FY2023', ['FY2023']],
    ["FY'23 and FY24", ['FY2023', 'FY2024']],
    ['fiscal year 2023', ['FY2023']],
    ['Q2 FY2023', ['Q2 FY2023']],
    ['FY2021-FY2023', ['FY2021', 'FY2022', 'FY2023']],
    ['since 2022', ['2024', '2023', '2022']],
    ['since Q3 2023', ['Q1 2024', 'Q4 2023', 'Q3 2023']],
    ['last year', ['2023']],
    ['previous quarter', ['Q4 2023']],
    ['past two fiscal years', ['FY2023', 'FY2022']],
    ['this quarter', ['Q1 2024']],
    ['current year', ['2024']],
  ])('reads %j', (query, periods) => {
    expect(long(query)).toEqual(periods)
  })

  it.each([
    'who pays the deposit?',
    'order A-2021/b',
    'version 2.2019',
    'ISO-2019',
    '2019-05-01',
    '120210',
    'Q5 is no quarter',
    'Q4 revenue',
    'the year before the last',
    'room 3021',
    '',
  ])('reads no period in %j', (query) => {
    expect(readTime(query)).toEqual({ type: 'none' })
  })

  it('takes bounded time on long and hostile queries', () => {
    for (const query of [
      'last '.repeat(100_000),
      'Q2 '.repeat(100_000),
      '2019-'.repeat(100_000),
      'fiscal year '.repeat(50_000),
    ])
      expect(expandMention(readTime(query), calendar({ now })).length).toBeLessThanOrEqual(40)
  })
})

describe('calendars', () => {
  it('gives the days of a period, the end not included', () => {
    const { dated } = calendar({ now })
    expect(dated({ year: 2024, quarter: 4 })).toMatchObject({ start: '2024-10-01', end: '2025-01-01' })
    expect(dated({ year: 2024 })).toMatchObject({ start: '2024-01-01', end: '2025-01-01' })
  })

  it('knows fiscal years that begin in October and are named by their end', () => {
    const options: CalendarOptions = { now: () => Date.UTC(2023, 9, 1), fiscalYearStartMonth: 10 }
    const { dated, current } = calendar(options)
    expect(dated({ year: 2024, fiscal: true })).toMatchObject({ start: '2023-10-01', end: '2024-10-01' })
    expect(dated({ year: 2024, quarter: 2, fiscal: true })).toMatchObject({
      start: '2024-01-01',
      end: '2024-04-01',
    })
    expect(current('quarter', true)).toEqual({ year: 2024, quarter: 1, fiscal: true })
    expect(current('quarter', false)).toEqual({ year: 2023, quarter: 4 })
    expect(long('last fiscal quarter', options)).toEqual(['Q4 FY2023'])
  })

  it('knows fiscal years that begin in April and are named by their start', () => {
    const options: CalendarOptions = { now, fiscalYearStartMonth: 4, fiscalYearNamedBy: 'start' }
    const { dated, current } = calendar(options)
    expect(dated({ year: 2023, fiscal: true })).toMatchObject({ start: '2023-04-01', end: '2024-04-01' })
    expect(current('quarter', true)).toEqual({ year: 2023, quarter: 4, fiscal: true })
  })

  it('puts every month into the fiscal quarter whose days hold it', () => {
    for (let startMonth = 1; startMonth <= 12; startMonth++) {
      for (const fiscalYearNamedBy of ['start', 'end'] as const) {
        for (let month = 0; month < 24; month++) {
          const day = new Date(Date.UTC(2023, month, 15))
          const { current, dated } = calendar({
            now: () => day.getTime(),
            fiscalYearStartMonth: startMonth,
            fiscalYearNamedBy,
          })
          const today = day.toISOString().slice(0, 10)
          for (const unit of ['year', 'quarter'] as const) {
            const { start, end } = dated(current(unit, true))
            expect(start <= today && today < end).toBe(true)
            expect(new Date(start).getUTCMonth() % 3).toBe((startMonth - 1) % 3)
          }
        }
      }
    }
  })

  it('caps what a mention means, and drops what is no period', () => {
    expect(short({ type: 'last', count: 1e9, unit: 'quarter' })).toHaveLength(40)
    expect(short({ type: 'last', count: Number.NaN, unit: 'quarter' })).toEqual([])
    expect(short({ type: 'range', from: { year: 1000 }, to: { year: 9999 } })).toHaveLength(40)
    expect(
      short({ type: 'periods', periods: [{ year: 2020, quarter: 7 }, { year: 2021 }, { year: 2021 }] }),
    ).toEqual(['2021'])
    expect(short({ type: 'since', from: { year: 2031 } })).toEqual([])
  })
})

const filings = [
  chunkOf('f23', 'Net revenue grew by ten percent.', { year: 2023, tenant: 'a' }),
  chunkOf('f22', 'Net revenue grew by five percent.', { year: 2022, tenant: 'a' }),
  chunkOf('f19', 'Net revenue fell, as in 2023 budgets.', { year: 2019, tenant: 'a' }),
  chunkOf('f23b', 'Net revenue of another company.', { year: 2023, tenant: 'b' }),
]

describe('timeRetriever', () => {
  const filter = (periods: readonly { readonly year: number }[]) =>
    oneOf(
      'year',
      periods.map(({ year }) => year),
    )

  it('narrows to the periods, inside the caller’s filter', async () => {
    const retriever = timeRetriever(await lexicalOver(filings), { now, filter })
    const result = await retriever.retrieveExpanded('revenue of the last 2 years', {
      filter: eq('tenant', 'a'),
    })
    expect(idsOf(result.hits).sort()).toEqual(['f22', 'f23'])
    expect(result.filter).toEqual(oneOf('year', [2023, 2022]))
    expect(result.queries.map(({ text }) => text)).toEqual([
      'revenue of the last 2 years',
      'revenue of the last 2 years 2023 2022',
    ])
  })

  it('gives the plain hits when there is nothing of that time', async () => {
    const retriever = timeRetriever(await lexicalOver(filings), { now, filter })
    const result = await retriever.retrieveExpanded('revenue in 2005')
    expect(result.fallback).toBe('no-hits')
    expect(result.hits).toHaveLength(4)
  })

  it('asks the model only when the rules read nothing, and computes the dates itself', async () => {
    const model = fakeLanguageModel(() => JSON.stringify({ type: 'last', count: 2, unit: 'year' }))
    const retriever = timeRetriever(await lexicalOver(filings), { now, filter, model })
    await retriever.retrieve('revenue in 2022')
    expect(model.calls).toHaveLength(0)
    const { hits } = await retriever.retrieveExpanded('revenue in den letzten zwei Jahren', {
      filter: eq('tenant', 'a'),
    })
    expect(model.calls).toHaveLength(1)
    expect(JSON.stringify(model.calls)).not.toContain('2024')
    expect(idsOf(hits).sort()).toEqual(['f22', 'f23'])
  })

  it('leaves queries without a time as they are', async () => {
    const plain = await lexicalOver(filings)
    const result = await timeRetriever(plain, { now, filter }).retrieveExpanded('net revenue')
    expect(result.hits).toEqual(await plain.retrieve('net revenue'))
  })

  it('refuses options that make no sense', async () => {
    const plain = await lexicalOver(filings)
    expect(() => timeRetriever(plain, { fiscalYearStartMonth: 13 })).toThrow('fiscalYearStartMonth')
    expect(() => timeRetriever(plain, { timeoutMs: 0 })).toThrow('timeoutMs')
  })
})
