import { checkInteger } from './check.js'
import type { Span } from './span.js'

/** Lines and columns of one text, both from 1; offsets and columns are UTF-16 code units. */
export interface LineIndex {
  /** At least 1: an empty text has one empty line, and a text that ends with a line ending has an empty last line. */
  readonly lineCount: number
  /** The line of an offset, `0 … text.length`. A line ending belongs to the line it ends. */
  lineOf(offset: number): number
  /** The column of an offset, `0 … text.length`. */
  columnOf(offset: number): number
  /** The span of a line, its line ending included: the spans of all lines tile the text. */
  lineSpan(line: number): Span
}

/** Offset of each line's first code unit. */
function lineStarts(text: string): Uint32Array {
  let starts = new Uint32Array(64)
  let count = 1
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit !== 0x0a && (unit !== 0x0d || text.charCodeAt(index + 1) === 0x0a)) continue
    if (count === starts.length) {
      const grown = new Uint32Array(count * 2)
      grown.set(starts)
      starts = grown
    }
    starts[count++] = index + 1
  }
  return starts.slice(0, count)
}

/**
 * Reads the text once; `\n`, `\r\n` and a lone `\r` each end a line. A lookup is a binary search.
 * Lookups throw `invalid-argument` outside the text.
 */
export function lineIndex(text: string): LineIndex {
  const starts = lineStarts(text)
  const length = text.length

  function lineOf(offset: number): number {
    checkInteger('offset', offset, 0, length)
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (starts[middle]! <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    lineCount: starts.length,
    lineOf,
    columnOf: (offset) => offset - starts[lineOf(offset) - 1]! + 1,
    lineSpan(line) {
      checkInteger('line', line, 1, starts.length)
      return { start: starts[line - 1]!, end: starts[line] ?? length }
    },
  }
}
