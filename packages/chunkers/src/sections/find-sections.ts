import type { CallOptions, Document, Mark } from '@tesserae/core'
import { safeCutAfter, safeCutBefore } from '@tesserae/core'
import { characterClasses, NEWLINE, skipBlanks, trimBlanks } from '../internal/classes.js'
import { lastAtMost, sortedMarks } from '../structural/outline.js'
import { makePace } from '../structural/pace.js'
import type { CheckedPattern } from './patterns.js'

/** Code units of a line that patterns see. */
const MAX_LINE = 500

/** The document with a heading mark on each line that opens a section, in place of the headings it had. */
export async function findSections(
  document: Document,
  patterns: readonly CheckedPattern[],
  { signal }: CallOptions,
): Promise<Document> {
  const { text } = document
  const classes = characterClasses()
  const marks = sortedMarks(document)
  const fixed = marks.filter(({ kind }) => kind === 'table' || kind === 'code')
  const headings: Mark[] = []
  const pace = makePace(signal)
  let nextFixed = 0
  let fixedEnd = 0
  for (let lineStart = 0; lineStart < text.length; ) {
    let lineEnd = lineStart
    while (lineEnd < text.length && classes[text.charCodeAt(lineEnd)] !== NEWLINE) lineEnd++
    const start = skipBlanks(text, lineStart, lineEnd, classes)
    const end = trimBlanks(text, start, lineEnd, classes)
    for (; nextFixed < fixed.length && fixed[nextFixed]!.start <= start; nextFixed++) {
      fixedEnd = Math.max(fixedEnd, fixed[nextFixed]!.end)
    }
    if (start < end && start >= fixedEnd) {
      const line = text.slice(start, Math.min(end, safeCutBefore(text, start + MAX_LINE)))
      const heading = sectionOf(line, start, patterns)
      if (heading) headings.push(heading)
    }
    lineStart = lineEnd + 1
    const pause = pace()
    if (pause) await pause
  }
  return { ...document, marks: withHeadings(marks, headings) }
}

/** The heading reaches to the end of the word that the match ends in: what follows on the line is text of the section. */
function sectionOf(line: string, start: number, patterns: readonly CheckedPattern[]): Mark | undefined {
  for (const { name, pattern, level } of patterns) {
    const match = pattern.exec(line)
    if (match === null) continue
    const title = match.groups?.title?.trim() ?? ''
    const rest = line.slice(match.index + match[0].length).search(/\s/)
    const end = start + (rest < 0 ? line.length : match.index + match[0].length + rest)
    const label = title === '' ? name : title
    return { kind: 'heading', start, end: safeCutAfter(line, end - start) + start, label, level }
  }
  return undefined
}

/** Blocks that a section line divides are given up: sections are the coarser structure. */
function withHeadings(marks: readonly Mark[], headings: readonly Mark[]): Mark[] {
  const startOf = (index: number) => headings[index]!.start
  const kept = marks.filter(({ kind, start, end }) => {
    if (kind === 'page') return true
    const last = lastAtMost(headings.length, end - 1, startOf)
    return kind !== 'heading' && (last < 0 || headings[last]!.end <= start)
  })
  return [...kept, ...headings].sort((a, b) => a.start - b.start || b.end - a.end)
}
