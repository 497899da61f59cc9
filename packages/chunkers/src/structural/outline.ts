import type { Document, Mark } from '@tesserae/core'
import { isSafeCut } from '@tesserae/core'
import { characterClasses, skipBlanks } from '../internal/classes.js'
import { MAX_PARTS, oneLine } from './chunk-context.js'

/**
 * The sections of a document, one for each heading and one for what stands before the first, as columns.
 * Section i reaches from `starts[i]` to `starts[i + 1]`; subsections are sections of their own.
 */
export interface Outline {
  readonly text: string
  /** Sorted by start, the outer of two that start together first. */
  readonly marks: readonly Mark[]
  /** Index of the innermost mark around mark i, headings and pages aside; -1 for none. */
  readonly enclosing: Int32Array
  readonly starts: readonly number[]
  /** Where the heading ends; equal to the start of a section without one. */
  readonly bodyStarts: readonly number[]
  /** Heading level; what stands before the first heading takes the level of that. */
  readonly levels: readonly number[]
  readonly titles: readonly string[]
  /** Section that this one is part of, -1 for none. */
  readonly parents: readonly number[]
  /** Index of the first mark that starts in the section. */
  readonly firstMarks: readonly number[]
}

/** Reads the sections from the marks in one pass. Headings inside lists, quotes and tables open no section. */
export function outlineOf(document: Document): Outline {
  const { text } = document
  const marks = sortedMarks(document)
  const enclosing = new Int32Array(marks.length)
  const starts = [0]
  const bodyStarts = [0]
  const levels = [1]
  const titles = ['']
  const parents = [-1]
  const firstMarks = [0]
  const blocks: number[] = []
  const open: number[] = []
  for (let index = 0; index < marks.length; index++) {
    const mark = marks[index]!
    while (blocks.length > 0 && marks[blocks.at(-1)!]!.end <= mark.start) blocks.pop()
    enclosing[index] = blocks.at(-1) ?? -1
    if (mark.kind === 'page' || mark.kind === 'image') continue
    if (mark.kind !== 'heading') {
      blocks.push(index)
      continue
    }
    if (blocks.length > 0) continue
    const level = mark.level ?? 1
    if (starts.length === 1) levels[0] = level
    while (open.length > 0 && levels[open.at(-1)!]! >= level) open.pop()
    const section = starts.length
    starts.push(mark.start)
    bodyStarts.push(mark.end)
    levels.push(level)
    titles.push(oneLine(mark.label ?? text.slice(mark.start, mark.end)))
    parents.push(open.at(-1) ?? -1)
    firstMarks.push(index)
    open.push(section)
  }
  return { text, marks, enclosing, starts, bodyStarts, levels, titles, parents, firstMarks }
}

/**
 * Marks as the port promises them. In a document built by hand, those that are empty, outside the text or divide
 * a character are left out, and the rest is sorted.
 */
export function sortedMarks({ text, marks }: Document): readonly Mark[] {
  let isSorted = true
  for (let index = 0; index < marks.length && isSorted; index++) {
    const mark = marks[index]!
    const before = marks[index - 1] ?? mark
    const follows = before.start < mark.start || (before.start === mark.start && before.end >= mark.end)
    isSorted = follows && isSound(mark, text)
  }
  if (isSorted) return marks
  return marks.filter((mark) => isSound(mark, text)).sort((a, b) => a.start - b.start || b.end - a.end)
}

function isSound({ start, end }: Mark, text: string): boolean {
  const isInside = Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end
  return isInside && end <= text.length && isSafeCut(text, start) && isSafeCut(text, end)
}

/** End of section `index`. */
export function sectionEnd({ starts, text }: Outline, index: number): number {
  return starts[index + 1] ?? text.length
}

/** True for a section of nothing but its heading. */
export function isBare(outline: Outline, index: number): boolean {
  const end = sectionEnd(outline, index)
  return skipBlanks(outline.text, outline.bodyStarts[index]!, end, characterClasses()) === end
}

/** Index of the section that holds `offset`. */
export function sectionAt({ starts }: Outline, offset: number): number {
  return lastAtMost(starts.length, offset, (index) => starts[index]!)
}

/** Titles from the outermost section to `section`, at most `MAX_PARTS` of the innermost; empty ones left out. */
export function titlePath({ titles, parents }: Outline, section: number): string[] {
  const path: string[] = []
  for (let at = section; at >= 0 && path.length < MAX_PARTS; at = parents[at]!) {
    if (titles[at] !== '') path.push(titles[at]!)
  }
  return path.reverse()
}

/** Index of the last of `size` ascending offsets that is at most `offset`, or -1. */
export function lastAtMost(size: number, offset: number, offsetOf: (index: number) => number): number {
  let low = 0
  let high = size
  while (low < high) {
    const middle = (low + high) >>> 1
    if (offsetOf(middle) <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Enclosing marks that are looked at from the innermost outwards. */
const MAX_DEPTH = 64

/**
 * What a chunk that starts at `offset` no longer shows of the table or code block around it: the header row or
 * the language; '' for none.
 */
export function splitBlockLabel({ text, marks, enclosing }: Outline, offset: number): string {
  let index = lastAtMost(marks.length, offset - 1, (at) => marks[at]!.start)
  for (let depth = 0; index >= 0 && depth < MAX_DEPTH; depth++) {
    const mark = marks[index]!
    if (mark.end > offset && mark.kind === 'code') return oneLine(mark.label ?? '')
    if (mark.end > offset && mark.kind === 'table') {
      const header = headerRow(marks, index)
      return header !== undefined && header.start < offset
        ? oneLine(text.slice(header.start, header.end))
        : ''
    }
    index = enclosing[index]!
  }
  return ''
}

/** The first row of the table at `index`. */
export function headerRow(marks: readonly Mark[], index: number): Mark | undefined {
  const table = marks[index]!
  for (let at = index + 1; at < marks.length && marks[at]!.start < table.end; at++) {
    if (marks[at]!.kind === 'row') return marks[at]
  }
  return undefined
}
