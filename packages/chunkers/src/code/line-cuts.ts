import { characterClasses, isBlankClass, NEWLINE, trimBlanks } from '../internal/classes.js'
import { CutTable } from '../internal/cut-table.js'
import type { Pace } from '../structural/pace.js'
import { contentStart, pushCut } from '../structural/pack-range.js'

/** Behind a blank line; minus the indentation of the line that follows. */
const BLANK_LINE = 200
/** Between two lines; minus the indentation of the second. */
const LINE = 120
/** Deeper lines are as good as lines at this column. */
const MAX_INDENT = 60
const TAB_COLUMNS = 4
/** Between a comment, decorator or directive and the line it stands over. */
const UNDER_COMMENT = 40
/** In front of a line that closes or goes on with what is open. */
const CONTINUATION = 30
/** Inside a line, behind `;`, `{` and `}`. */
const STATEMENT = 20
/** Inside a line, behind `,`. */
const COMMA = 10

const CONTINUES =
  /(?:[)\]}>.,;:?|&+*=]|else\b|elif\b|elsif\b|except\b|catch\b|finally\b|rescue\b|ensure\b|end\b|fi\b|done\b|esac\b|then\b|do\b)/y
const OPENS_COMMENT = /(?:\/\/|\/\*|\*|#|--|@|"""|''')/y

/**
 * Where code of any language may be cut within [start, end): behind blank lines, then at line breaks, both the
 * better the less the next line is indented; inside long lines behind punctuation.
 */
export async function lineCuts(text: string, start: number, end: number, pace: Pace): Promise<CutTable> {
  const classes = characterClasses()
  const cuts = new CutTable()
  let previous = -1
  for (let at = start; at < end; ) {
    const pause = pace()
    if (pause) await pause
    const lineEnd = lineEndOf(text, at, end)
    let content = at
    let columns = 0
    for (; content < lineEnd && isBlankClass(classes[text.charCodeAt(content)]!); content++) {
      columns += text.charCodeAt(content) === 0x09 ? TAB_COLUMNS : 1
    }
    if (content < lineEnd) {
      if (previous >= 0) {
        const textEnd = trimBlanks(text, previous, at, classes)
        const indent = Math.min(columns, MAX_INDENT)
        const rank = lineRank(text, previous, textEnd, at, content, indent, classes)
        pushCut(cuts, text, start, end, textEnd, rank)
      }
      await punctuationCuts(text, start, end, content, lineEnd, cuts, pace)
      previous = content
    }
    at = lineEnd < end ? lineEnd + 1 : end
  }
  return cuts
}

function lineEndOf(text: string, at: number, end: number): number {
  let offset = at
  while (offset < end && text.charCodeAt(offset) !== 0x0a && text.charCodeAt(offset) !== 0x0d) offset++
  return offset
}

/** Rank of the break between the text in [previous, textEnd) and the line at `lineStart`, whose text is at `content`. */
function lineRank(
  text: string,
  previous: number,
  textEnd: number,
  lineStart: number,
  content: number,
  indent: number,
  classes: Uint8Array,
): number {
  CONTINUES.lastIndex = content
  if (CONTINUES.test(text)) return CONTINUATION
  if (hasBlankLine(text, textEnd, lineStart, classes)) return BLANK_LINE - indent
  OPENS_COMMENT.lastIndex = previous
  return OPENS_COMMENT.test(text) ? UNDER_COMMENT : LINE - indent
}

/** True when [start, end), which holds blanks only, has two line breaks or more. */
export function hasBlankLine(text: string, start: number, end: number, classes: Uint8Array): boolean {
  let breaks = 0
  for (let at = start; at < end; at++) {
    if (classes[text.charCodeAt(at)] !== NEWLINE) continue
    if (text.charCodeAt(at) === 0x0d && text.charCodeAt(at + 1) === 0x0a) continue
    if (++breaks > 1) return true
  }
  return false
}

async function punctuationCuts(
  text: string,
  start: number,
  end: number,
  from: number,
  lineEnd: number,
  cuts: CutTable,
  pace: Pace,
): Promise<void> {
  for (let at = from; at < lineEnd; at++) {
    const unit = text.charCodeAt(at)
    const isComma = unit === 0x2c
    if (isComma || unit === 0x3b || unit === 0x7b || unit === 0x7d) {
      const pause = pace()
      if (pause) await pause
      pushCut(cuts, text, start, end, at + 1, isComma ? COMMA : STATEMENT)
    }
  }
}

/** `at`, or the start of its line's indentation where only that lies before it; at least `floor`. */
export function withIndentation(text: string, at: number, floor: number, classes: Uint8Array): number {
  let start = at
  while (start > floor && isBlankClass(classes[text.charCodeAt(start - 1)]!)) start--
  return contentStart(text, start, Math.max(start, at) + 1, classes)
}
