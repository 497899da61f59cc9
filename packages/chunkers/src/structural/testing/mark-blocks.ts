import type { Document, Mark, MarkKind } from '@tesserae/core'
import { seededRandom } from '@tesserae/core/testing'

interface Line {
  readonly start: number
  readonly end: number
  readonly content: string
}

type OpenMark = { -readonly [K in keyof Mark]: Mark[K] }

function linesOf(text: string): Line[] {
  const lines: Line[] = []
  let start = 0
  for (const match of text.matchAll(/\r\n|\n|\r/g)) {
    lines.push({ start, end: match.index, content: text.slice(start, match.index) })
    start = match.index + match[0].length
  }
  if (start < text.length) lines.push({ start, end: text.length, content: text.slice(start) })
  return lines
}

/**
 * A document with the marks of a Markdown loader, for tests: headings, fences with their language, tables with
 * rows, quotes, and lists nested by indentation, whose items are paragraphs behind their markers. It knows no
 * finer points of Markdown.
 */
export function markdownDocument(id: string, text: string): Document {
  const marks: OpenMark[] = []
  const lists: { readonly mark: OpenMark; readonly indent: number }[] = []
  const lines = linesOf(text)
  let open: { readonly kind: MarkKind; readonly mark: OpenMark } | undefined
  const extend = (kind: MarkKind, line: Line): OpenMark => {
    if (open?.kind === kind) open.mark.end = line.end
    else {
      open = { kind, mark: { kind, start: line.start, end: line.end } }
      marks.push(open.mark)
    }
    return open.mark
  }
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!
    const { content } = line
    const item = /^( *)(?:[-*+]|\d+\.) +(?=\S)/.exec(content)
    if (!item) lists.length = 0
    const fence = /^```(\w*)/.exec(content)
    const heading = /^(#{1,6}) +(\S.*?) *$/.exec(content)
    if (fence) {
      open = undefined
      let last = index + 1
      while (last < lines.length && !lines[last]!.content.startsWith('```')) last++
      const end = lines[Math.min(last, lines.length - 1)]!.end
      marks.push({ kind: 'code', start: line.start, end, ...(fence[1] ? { label: fence[1] } : {}) })
      index = last
    } else if (heading) {
      open = undefined
      const { start, end } = line
      marks.push({ kind: 'heading', level: heading[1]!.length, label: heading[2]!, start, end })
    } else if (content.trim() === '') open = undefined
    else if (content.startsWith('|')) {
      extend('table', line)
      if (!/^[|\s:-]+$/.test(content)) marks.push({ kind: 'row', start: line.start, end: line.end })
    } else if (content.startsWith('>')) extend('quote', line)
    else if (item) {
      open = undefined
      const indent = item[1]!.length
      while (lists.length > 0 && lists.at(-1)!.indent > indent) lists.pop()
      if (lists.length === 0 || lists.at(-1)!.indent < indent) {
        const mark: OpenMark = { kind: 'list', start: line.start + indent, end: line.end }
        lists.push({ mark, indent })
        marks.push(mark)
      }
      for (const { mark } of lists) mark.end = line.end
      marks.push({ kind: 'paragraph', start: line.start + item[0].length, end: line.end })
    } else extend('paragraph', line)
  }
  return { id, text, marks: sorted(marks), metadata: {} }
}

/** Any text under marks of every kind that nest at random, the same for the same text. */
export function randomlyMarkedDocument(id: string, text: string): Document {
  const random = seededRandom(text.length + 1)
  const kinds: readonly MarkKind[] = [
    'heading',
    'page',
    'paragraph',
    'list',
    'table',
    'row',
    'code',
    'quote',
    'image',
  ]
  const marks: Mark[] = []
  const fill = (from: number, to: number, depth: number): void => {
    for (let at = from; at < to; ) {
      const start = at + random.integer(0, Math.min(20, to - at - 1))
      const end = Math.min(to, start + random.integer(1, Math.max(1, (to - start) >> (depth % 3))))
      const kind = random.pick(kinds)
      marks.push({ kind, start, end, level: random.integer(1, 6) })
      if (depth < 8 && random.chance(0.7)) fill(start, end, depth + 1)
      at = end
    }
  }
  fill(0, text.length, 0)
  return { id, text, marks: sorted(marks), metadata: {} }
}

function sorted(marks: readonly Mark[]): Mark[] {
  return marks.toSorted((a, b) => a.start - b.start || b.end - a.end)
}
