import {
  type CallOptions,
  type Filter,
  invalid,
  type LanguageModel,
  type Metadata,
  type Retriever,
} from '@tesserae/core'
import { type AskModel, type ModelOptions, modelAsker } from '../ask-model.js'
import { checkExpansion, expandingRetriever } from '../expanding-retriever.js'
import type { ExpandingRetriever, ExpansionOptions, ExpansionPlan } from '../expansion.js'
import { type CalendarOptions, calendar, type DatedPeriod, formatPeriod } from './periods.js'
import { readMention } from './read-mention.js'
import { readTime } from './read-time.js'
import { expandMention, type TimeMention } from './time-mention.js'

export interface TimeOptions extends ExpansionOptions, CalendarOptions, Omit<ModelOptions, 'model'> {
  /** Classifies queries that the rules read no time in, in any language; it never computes a date. @default none */
  readonly model?: LanguageModel | undefined
  /** What the periods add to the filter, such as `(periods) => oneOf('year', periods.map(({ year }) => year))`. @default nothing */
  readonly filter?: ((periods: readonly DatedPeriod[]) => Filter | undefined) | undefined
  /** With fewer hits under that filter the plain query counts, without it. @default 1 */
  readonly minHits?: number | undefined
  /** How periods are written into the query. @default formatPeriod: `Q2 2024` */
  readonly format?: ((period: DatedPeriod) => string) | undefined
}

const instructions = `You classify what a question says about time. Copy years, quarters and counts that it names; \
compute nothing, and never guess what today's date is.
- none: it names no year, no quarter and no span of them
- periods: it names years or quarters
- range: from one year or quarter to another
- since: from one year or quarter until now
- last: the last so many years or quarters
- current: this year or this quarter`

const form = `{"type": "none"}
{"type": "periods", "periods": [{"year": 2021, "quarter": 3}, {"year": 2019, "fiscal": true}]}
{"type": "range", "from": {"year": 2019}, "to": {"year": 2021}}
{"type": "since", "from": {"year": 2020, "quarter": 1}}
{"type": "last", "count": 4, "unit": "quarter"}
{"type": "current", "unit": "year", "fiscal": true}`

/**
 * Time expansion: writes the years and quarters that a query means into it ("last 3 quarters" becomes "Q4 2023 Q3 2023
 * Q2 2023"), and narrows the search to them when there is a `filter`. The clock is injected, the current period is not
 * among the last ones, and dates are computed here: a model, if there is one, only says which kind of time it read.
 */
export function timeRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: TimeOptions = {},
): ExpandingRetriever<M> {
  const { filter: filterOf, format = (period: DatedPeriod) => formatPeriod(period) } = options
  const settings = checkExpansion(options, {
    name: 'time',
    minHits: options.minHits,
    early: filterOf === undefined,
  })
  if (filterOf !== undefined && typeof filterOf !== 'function') invalid('filter', 'a function', filterOf)
  if (typeof format !== 'function') invalid('format', 'a function', format)
  const dates = calendar(options)
  const ask =
    options.model && modelAsker({ ...options, model: options.model }, { instructions, form }, settings.name)

  const plan = async (query: string, call: CallOptions): Promise<ExpansionPlan> => {
    const periods = expandMention(await mentionOf(query, ask, call), dates).map((period) =>
      dates.dated(period),
    )
    if (periods.length === 0) return { variants: [] }
    const text = [query, ...periods.map(format)].join(' ')
    const filter = filterOf?.(periods)
    return { variants: [{ label: 'periods', text }], ...(filter !== undefined && { filter }) }
  }
  return expandingRetriever(retriever, plan, settings)
}

async function mentionOf(query: string, ask: AskModel | undefined, call: CallOptions): Promise<TimeMention> {
  const read = readTime(query)
  if (read.type !== 'none' || ask === undefined || query.trim() === '') return read
  return ask({ query }, readMention, call)
}
