import type { TimePeriod, TimeUnit } from './periods.js'
import type { TimeMention } from './time-mention.js'

const numberWords = [
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
]
const ordinals = ['first', 'second', 'third', 'fourth']

/** Longer queries are read up to here: times are said early. Code units. */
const longestRead = 4000

const dash = '(?:-|–|—|to|through|thru|until|till|and)'
const year = "(?:(?:fy|fiscal(?: year)?) ?'?)?(?:(?:19|20)\\d\\d|(?<=fy ?'?)\\d\\d)"
const quarter = `(?:q ?[1-4]|[1-4] ?q|(?:${ordinals.join('|')}) quarter|[1-4](?:st|nd|rd|th) quarter)`
const quarterYear = `${quarter}(?:,? (?:of )?(?:the )?${year}|'\\d\\d|/${year})`
/** Not inside an identifier, a decimal number or a date. */
const edge = '(?<![\\p{L}\\p{N}_./-])'
const edgeAfter = '(?![\\p{L}\\p{N}_]|[./-]\\d)'

const pattern = (source: string) => new RegExp(`${edge}${source}${edgeAfter}`, 'iu')
const patterns = {
  last: pattern(
    `(?:last|past|previous|prior|preceding|recent) (?:(\\d{1,4}|${numberWords.join('|')}) )?(fiscal )?(years?|quarters?)`,
  ),
  current: pattern('(?:this|current) (fiscal )?(year|quarter)'),
  quartersOfYear: pattern(`(${quarter}) ?${dash} ?(${quarterYear})`),
  quarterRange: pattern(`(${quarterYear}) ?${dash} ?(${quarterYear})`),
  yearRange: pattern(`(${year}) ?${dash} ?(${year})`),
  since: pattern(`since (${quarterYear}|${year})`),
  quarterYear: new RegExp(`${edge}(${quarterYear})${edgeAfter}`, 'giu'),
  year: new RegExp(`${edge}(${year})${edgeAfter}`, 'giu'),
}

/**
 * Reads what an English query says about years and quarters: `Q2'24`, `2Q 2024`, `second quarter of 2024`, `FY2023`,
 * `2019-2021`, `between 2019 and 2021`, `Q2–Q4 2019`, `Q3 2019 to Q1 2020`, `since 2020`, `last 5 quarters`,
 * `past two fiscal years`, `this quarter`. Years are those from 1900 to 2099. Numbers inside identifiers, decimals and
 * dates are no years.
 */
export function readTime(query: string): TimeMention {
  const text = query.slice(0, longestRead).normalize('NFKC').replaceAll('’', "'").replace(/\s+/gu, ' ')
  return readRelative(text) ?? readRange(text) ?? readPeriods(text)
}

function readRelative(text: string): TimeMention | undefined {
  const last = patterns.last.exec(text)
  if (last !== null) {
    const [, count, fiscal, unit] = last
    return {
      type: 'last',
      count: countOf(count),
      unit: unitOf(unit!),
      ...(fiscal !== undefined && { fiscal: true }),
    }
  }
  const current = patterns.current.exec(text)
  if (current === null) return undefined
  const [, fiscal, unit] = current
  return { type: 'current', unit: unitOf(unit!), ...(fiscal !== undefined && { fiscal: true }) }
}

function readRange(text: string): TimeMention | undefined {
  const whole = patterns.quarterRange.exec(text)
  if (whole !== null) return { type: 'range', from: periodOf(whole[1]!), to: periodOf(whole[2]!) }
  const within = patterns.quartersOfYear.exec(text)
  if (within !== null) {
    const to = periodOf(within[2]!)
    return { type: 'range', from: { ...to, quarter: quarterOf(within[1]!) }, to }
  }
  const years = patterns.yearRange.exec(text)
  // "revenue in 2019 and 2021" names two years; "between 2019 and 2021" a range.
  const isList =
    years !== null && / and /iu.test(years[0]) && !/\bbetween $/iu.test(text.slice(0, years.index))
  if (years !== null && !isList) {
    const from = periodOf(years[1]!)
    const to = periodOf(years[2]!)
    const fiscal = from.fiscal || to.fiscal
    return {
      type: 'range',
      from: { ...from, ...(fiscal && { fiscal }) },
      to: { ...to, ...(fiscal && { fiscal }) },
    }
  }
  const since = patterns.since.exec(text)
  return since === null ? undefined : { type: 'since', from: periodOf(since[1]!) }
}

function readPeriods(text: string): TimeMention {
  const quarters = [...text.matchAll(patterns.quarterYear)].map((match) => periodOf(match[1]!))
  const rest = text.replace(patterns.quarterYear, ' ')
  const years = [...rest.matchAll(patterns.year)].map((match) => periodOf(match[1]!))
  return quarters.length + years.length === 0
    ? { type: 'none' }
    : { type: 'periods', periods: [...quarters, ...years] }
}

function periodOf(text: string): TimePeriod {
  const lower = text.toLowerCase()
  const [, full, short] = /((?:19|20)\d\d)$|(\d\d)$/.exec(lower)!
  const quarterText = new RegExp(`^${quarter}`, 'iu').exec(lower)?.[0]
  const fiscal = /fy|fiscal/.test(lower)
  return {
    year: full === undefined ? 2000 + Number(short) : Number(full),
    ...(quarterText !== undefined && { quarter: quarterOf(quarterText) }),
    ...(fiscal && { fiscal }),
  }
}

function quarterOf(text: string): number {
  const digit = /[1-4]/.exec(text)
  if (digit !== null) return Number(digit[0])
  return ordinals.findIndex((word) => text.toLowerCase().startsWith(word)) + 1
}

function countOf(text: string | undefined): number {
  if (text === undefined) return 1
  const word = numberWords.indexOf(text.toLowerCase())
  return word < 0 ? Number(text) : word + 1
}

function unitOf(text: string): TimeUnit {
  return text.toLowerCase().startsWith('year') ? 'year' : 'quarter'
}
