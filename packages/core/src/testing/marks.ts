import type { Document, Mark } from '../document.js'

interface Line {
  readonly start: number
  /** Without the line end. */
  readonly end: number
}

function linesOf(text: string): Line[] {
  const lines: Line[] = []
  let start = 0
  for (const match of text.matchAll(/\r\n|\n|\r/g)) {
    lines.push({ start, end: match.index })
    start = match.index + match[0].length
  }
  if (start < text.length) lines.push({ start, end: text.length })
  return lines
}

/**
 * Marks as a simple Markdown loader would set them: headings with level and title, code fences, and
 * paragraphs (runs of other lines that are not blank). Sorted and disjoint.
 */
export function markText(text: string): Mark[] {
  const marks: Mark[] = []
  let fence: number | undefined
  let paragraph: number | undefined
  let end = 0
  const close = (): void => {
    if (paragraph !== undefined && end > paragraph) marks.push({ kind: 'paragraph', start: paragraph, end })
    paragraph = undefined
  }
  for (const line of linesOf(text)) {
    const content = text.slice(line.start, line.end)
    if (fence !== undefined) {
      if (content.startsWith('```')) {
        marks.push({ kind: 'code', start: fence, end: line.end })
        fence = undefined
      }
      continue
    }
    const heading = /^(#{1,6}) +(\S.*?) *$/.exec(content)
    if (content.startsWith('```') || heading || content.trim() === '') close()
    if (content.startsWith('```')) fence = line.start
    else if (heading)
      marks.push({
        kind: 'heading',
        level: heading[1]!.length,
        label: heading[2]!,
        start: line.start,
        end: line.end,
      })
    else if (content.trim() !== '') {
      paragraph ??= line.start
      end = line.end
    }
  }
  close()
  if (fence !== undefined && fence < text.length) marks.push({ kind: 'code', start: fence, end: text.length })
  return marks
}

/** A document with metadata, a URI and the marks of `markText`. */
export function markedDocument(id: string, text: string): Document {
  return {
    id,
    text,
    marks: markText(text),
    metadata: { tenant: 'a', tags: ['x', 'y'] },
    uri: `file:///${id}.md`,
  }
}
