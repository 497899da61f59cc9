import { skipBlanks, trimBlanks } from './characters.js'

const PIPE = 124
const BACKSLASH = 92

/** Number of cells in a row: pipes that are not escaped, less those at both ends. */
export function cellCount(text: string, start: number, end: number): number {
  let from = skipBlanks(text, start, end)
  let to = trimBlanks(text, from, end)
  if (from < to && text.charCodeAt(from) === PIPE) from++
  if (to > from && text.charCodeAt(to - 1) === PIPE && !isEscaped(text, from, to - 1)) to--
  let cells = 1
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === PIPE) cells++
  }
  return cells
}

function isEscaped(text: string, start: number, at: number): boolean {
  let slashes = 0
  while (at - 1 - slashes >= start && text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++
  return slashes % 2 === 1
}

const DELIMITER_ROW = /^\|?[ \t]*:?-+:?(?:[ \t]*\|[ \t]*:?-+:?)*[ \t]*\|?$/

/** Number of columns of a delimiter row such as `|:--|--:|`, or 0 when the line is none. Source: GFM, "Tables". */
export function delimiterColumns(text: string, start: number, end: number): number {
  const from = skipBlanks(text, start, end)
  const line = text.slice(from, trimBlanks(text, from, end))
  // A row of dashes alone is a thematic break or underlines a heading.
  if (!/[|:]/.test(line) || !DELIMITER_ROW.test(line)) return 0
  return cellCount(line, 0, line.length)
}
