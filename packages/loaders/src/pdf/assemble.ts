import type { Mark } from '@tesserae/core'
import { type Run, runsOf } from './lines.js'
import { columnsOf } from './reading-order.js'
import type { PdfPage } from './worker-source.js'

/** A paragraph or heading of a page. */
interface Block {
  readonly start: number
  readonly end: number
  readonly size: number
  readonly lines: number
  readonly box: Mark['box']
}

interface PageSpan {
  readonly start: number
  readonly end: number
  readonly label: string
  readonly blocks: readonly Block[]
}

/** Vertical gaps, in multiples of the usual distance of lines, that begin a new paragraph. */
const PARAGRAPH_GAP = 1.3
/** Font sizes this far apart do not share a paragraph. */
const SIZE_CHANGE = 1.15
/** A heading is set at least this much larger than most of the text. */
const HEADING_SIZE = 1.15
const MAX_HEADING_LENGTH = 200
const MAX_HEADING_LINES = 3
/** Gaps this wide, in multiples of the font size, separate columns of a table. */
const CELL_GAP = 2

/** Puts pages together to one text with page, paragraph and heading marks. */
export interface PdfAssembler {
  add(page: PdfPage, label: string): void
  readonly length: number
  finish(): { readonly text: string; readonly marks: readonly Mark[] }
}

export function pdfAssembler(): PdfAssembler {
  const parts: string[] = []
  const pages: PageSpan[] = []
  let length = 0
  const put = (text: string): void => {
    parts.push(text)
    length += text.length
  }
  return {
    get length() {
      return length
    },
    add(page, label) {
      const blocks: Block[] = []
      let start = length
      for (const lines of paragraphsOf(page)) {
        const text = lines.map(lineText).join('\n')
        if (text === '') continue
        if (length > 0) put('\n\n')
        if (blocks.length === 0) start = length
        const from = length
        put(text)
        blocks.push({ start: from, end: length, size: sizeOf(lines), lines: lines.length, box: boxOf(lines) })
      }
      if (blocks.length > 0) pages.push({ start, end: length, label, blocks })
    },
    finish() {
      const text = parts.join('')
      return { text, marks: marksOf(text, pages) }
    },
  }
}

/** Paragraphs of a page in reading order; text in the page's main direction comes first. */
function paragraphsOf(page: PdfPage): (readonly Run[])[][] {
  const runs = runsOf(page)
  const turns = [0, 1, 2, 3].map((turn) => {
    const turned = runs.filter((run) => run.turn === turn)
    return { turned, characters: turned.reduce((sum, run) => sum + run.text.length, 0) }
  })
  turns.sort((a, b) => b.characters - a.characters)
  const paragraphs: (readonly Run[])[][] = []
  for (const { turned } of turns) {
    for (const column of columnsOf(turned)) {
      for (const paragraph of splitParagraphs(column)) paragraphs.push(paragraph)
    }
  }
  return paragraphs
}

function splitParagraphs(lines: readonly (readonly Run[])[]): (readonly Run[])[][] {
  // In multiples of the font size: footnotes stand closer than the text above them.
  const gaps: number[] = []
  for (let line = 1; line < lines.length; line++) {
    const gap = (baselineOf(lines[line]!) - baselineOf(lines[line - 1]!)) / sizeOf([lines[line]!])
    if (gap > 0 && gap < 3) gaps.push(gap)
  }
  gaps.sort((a, b) => a - b)
  const usual = gaps[gaps.length >> 1]
  const paragraphs: (readonly Run[])[][] = []
  for (const line of lines) {
    const open = paragraphs.at(-1)
    if (open !== undefined && joins(open.at(-1)!, line, usual)) open.push(line)
    else paragraphs.push([line])
  }
  return paragraphs
}

function joins(above: readonly Run[], below: readonly Run[], usual: number | undefined): boolean {
  const sizes = [sizeOf([above]), sizeOf([below])] as const
  const ratio = Math.max(...sizes) / Math.min(...sizes)
  const gap = baselineOf(below) - baselineOf(above)
  return ratio < SIZE_CHANGE && gap / sizes[1] <= (usual === undefined ? 1.6 : PARAGRAPH_GAP * usual)
}

function baselineOf(line: readonly Run[]): number {
  return line[0]!.baseline
}

/** Size in which most characters of the lines are set. */
function sizeOf(lines: readonly (readonly Run[])[]): number {
  let size = 0
  let longest = -1
  for (const line of lines) {
    for (const run of line) {
      if (run.text.length > longest) {
        longest = run.text.length
        size = run.size
      }
    }
  }
  return size
}

function lineText(line: readonly Run[]): string {
  let text = ''
  let last: Run | undefined
  for (const run of line) {
    if (run.text === '') continue
    if (last !== undefined) {
      const gap = run.rightToLeft && last.rightToLeft ? last.left - run.right : run.left - last.right
      text += gap > CELL_GAP * run.size ? '\t' : ' '
    }
    text += run.text
    last = run
  }
  return text
}

/** Box of text that stands upright on the page; ascent is taken as four fifths of the size. */
function boxOf(lines: readonly (readonly Run[])[]): Mark['box'] {
  let left = Number.POSITIVE_INFINITY
  let right = Number.NEGATIVE_INFINITY
  let top = Number.POSITIVE_INFINITY
  let bottom = Number.NEGATIVE_INFINITY
  for (const line of lines) {
    for (const run of line) {
      if (run.turn !== 0) return undefined
      left = Math.min(left, run.left)
      right = Math.max(right, run.right)
      top = Math.min(top, run.baseline - 0.8 * run.size)
      bottom = Math.max(bottom, run.baseline + 0.2 * run.size)
    }
  }
  const box = [left, top, right - left, bottom - top].map((value) => Math.round(value * 100) / 100)
  return box.every(Number.isFinite) ? (box as [number, number, number, number]) : undefined
}

function marksOf(text: string, pages: readonly PageSpan[]): Mark[] {
  const body = bodySize(pages)
  const common = commonSizes(pages)
  const isHeading = ({ start, end, size, lines }: Block): boolean =>
    size >= HEADING_SIZE * body &&
    !common.has(Math.round(size)) &&
    lines <= MAX_HEADING_LINES &&
    end - start <= MAX_HEADING_LENGTH &&
    /\p{L}{2}/u.test(text.slice(start, end))
  const sizes = new Set<number>()
  for (const page of pages) {
    for (const block of page.blocks) if (isHeading(block)) sizes.add(Math.round(block.size))
  }
  const ranks = [...sizes].sort((a, b) => b - a)
  const marks: Mark[] = []
  for (const page of pages) {
    marks.push({ kind: 'page', start: page.start, end: page.end, label: page.label })
    for (const block of page.blocks) {
      const { start, end } = block
      const box = block.box === undefined ? {} : { box: block.box }
      if (isHeading(block)) {
        const level = Math.min(6, ranks.indexOf(Math.round(block.size)) + 1)
        marks.push({
          kind: 'heading',
          start,
          end,
          level,
          label: text.slice(start, end).replace(/\s+/g, ' '),
          ...box,
        })
      } else marks.push({ kind: 'paragraph', start, end, ...box })
    }
  }
  return marks
}

/** Sizes in which more than a quarter of the text is set: whatever it is, it is not headings. */
function commonSizes(pages: readonly PageSpan[]): ReadonlySet<number> {
  const characters = new Map<number, number>()
  let total = 0
  for (const page of pages) {
    for (const { start, end, size } of page.blocks) {
      const key = Math.round(size)
      characters.set(key, (characters.get(key) ?? 0) + end - start)
      total += end - start
    }
  }
  return new Set([...characters].filter(([, count]) => count * 4 > total).map(([size]) => size))
}

/** Size of the median character. */
function bodySize(pages: readonly PageSpan[]): number {
  const blocks = pages.flatMap((page) => page.blocks).sort((a, b) => a.size - b.size)
  let left = blocks.reduce((sum, block) => sum + block.end - block.start, 0) / 2
  for (const block of blocks) {
    left -= block.end - block.start
    if (left <= 0) return block.size
  }
  return 1
}
