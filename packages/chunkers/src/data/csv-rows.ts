/** Delimiters that are looked for, the commonest first. */
const DELIMITERS = [',', '\t', ';', '|'] as const
/** What is looked at to find the delimiter. */
const SAMPLE_ROWS = 20
const SAMPLE_UNITS = 65_536

const QUOTE = 0x22
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Where the rows of a CSV text begin; the line break at its end belongs to a row. */
export interface CsvRows {
  readonly starts: readonly number[]
  /** From here on quotation marks are text, because one is never closed; the text's length when all are. */
  readonly quotesUntil: number
}

/**
 * Rows as RFC 4180 has them: a quoted cell may hold delimiters and line breaks, a doubled quote is one. Any of
 * CRLF, LF and CR ends a row; a quotation mark inside an unquoted cell is text, and so is one that nothing closes,
 * which therefore does not swallow the rest of the file. One pass.
 */
export function csvRows(text: string, delimiter: string, limit = text.length): CsvRows {
  const delimiterCode = delimiter.charCodeAt(0)
  const starts: number[] = text === '' ? [] : [0]
  let quotesUntil = text.length
  let isCellStart = true
  let at = 0
  while (at < limit) {
    const code = text.charCodeAt(at)
    if (code === QUOTE && isCellStart && at < quotesUntil) {
      const end = closingQuote(text, at)
      if (end < 0) quotesUntil = at
      at = end < 0 ? at + 1 : end
      isCellStart = false
      continue
    }
    at++
    isCellStart = code === delimiterCode
    if (code !== LINE_FEED && code !== CARRIAGE_RETURN) continue
    if (code === CARRIAGE_RETURN && text.charCodeAt(at) === LINE_FEED) at++
    isCellStart = true
    if (at < text.length) starts.push(at)
  }
  return { starts, quotesUntil }
}

/** Offset behind the quotation mark that closes the one at `start`, or -1. */
function closingQuote(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text.charCodeAt(at + 1) !== QUOTE) return at + 1
  }
  return -1
}

/** Where the cells of the row [start, end) begin, the row's own start among them. */
export function cellStarts(
  text: string,
  start: number,
  end: number,
  delimiter: string,
  quotesUntil: number,
): number[] {
  const delimiterCode = delimiter.charCodeAt(0)
  const starts = [start]
  let isCellStart = true
  let at = start
  while (at < end) {
    const code = text.charCodeAt(at)
    const quoted = code === QUOTE && isCellStart && at < quotesUntil ? closingQuote(text, at) : -1
    isCellStart = false
    if (quoted >= 0) {
      at = quoted
      continue
    }
    at++
    if (code !== delimiterCode || at >= end) continue
    starts.push(at)
    isCellStart = true
  }
  return starts
}

/** The cells of a row as text: without quotes, line break and the blanks around them. */
export function cellsOf(
  text: string,
  start: number,
  end: number,
  delimiter: string,
  quotesUntil: number,
): string[] {
  const starts = cellStarts(text, start, end, delimiter, quotesUntil)
  return starts.map((cellStart, index) => {
    const next = starts[index + 1]
    const cell = text.slice(cellStart, next === undefined ? end : next - 1).trim()
    const isQuoted = cell.length > 1 && cell.startsWith('"') && cell.endsWith('"')
    return isQuoted ? cell.slice(1, -1).replaceAll('""', '"').trim() : cell
  })
}

/** The delimiter that gives the first rows the same number of cells, above one; `,` where none does. */
export function findDelimiter(text: string): string {
  const sample = text.slice(0, SAMPLE_UNITS)
  let best = ','
  let bestRows = 0
  let bestCells = 1
  for (const delimiter of DELIMITERS) {
    const { starts, quotesUntil } = csvRows(sample, delimiter)
    const counts = starts
      .slice(0, SAMPLE_ROWS)
      .map(
        (start, index) =>
          cellStarts(sample, start, starts[index + 1] ?? sample.length, delimiter, quotesUntil).length,
      )
    const [cells = 1] = counts
    const rows = cells < 2 ? 0 : counts.filter((other) => other === cells).length
    if (rows > bestRows || (rows === bestRows && rows > 0 && cells > bestCells)) {
      best = delimiter
      bestRows = rows
      bestCells = cells
    }
  }
  return best
}

/**
 * True when the first row names columns: at least two rows, all its cells filled, different, without numbers and
 * dates, at most 60 code units long, and none in the same column of the rows after it.
 */
export function hasHeader(text: string, { starts, quotesUntil }: CsvRows, delimiter: string): boolean {
  if (starts.length < 2) return false
  const rowAt = (index: number) =>
    cellsOf(text, starts[index]!, starts[index + 1] ?? text.length, delimiter, quotesUntil)
  const names = rowAt(0)
  const isName = (name: string) => name !== '' && name.length <= 60 && !/^[\d\s.,:;%€$£+/()-]+$/.test(name)
  if (!names.every(isName) || new Set(names.map((name) => name.toLowerCase())).size < names.length)
    return false
  for (let index = 1; index < Math.min(starts.length, SAMPLE_ROWS); index++) {
    const cells = rowAt(index)
    if (names.some((name, column) => cells[column] === name)) return false
  }
  return true
}
