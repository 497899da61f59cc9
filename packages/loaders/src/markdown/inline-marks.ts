import { indexOrEnd } from './characters.js'
import { readInline } from './inline.js'
import { MAX_MARKS, type OpenMark, openMark } from './marks.js'

/** Content whose inline markup is read at the end: the block's mark, and start and end of each line. */
export interface InlineSource {
  readonly mark: OpenMark
  readonly lines: readonly number[]
}

/** Sets the labels of headings, and adds image marks in order. */
export function addInlineMarks(
  text: string,
  marks: readonly OpenMark[],
  sources: readonly InlineSource[],
  definitions: ReadonlySet<string>,
): readonly OpenMark[] {
  const images: OpenMark[] = []
  // Sources ascend, so one search of the text finds those with an image.
  let image = indexOrEnd(text, '![', 0)
  for (const { mark, lines } of sources) {
    if (image < lines[0]!) image = indexOrEnd(text, '![', lines[0]!)
    const heading = mark.kind === 'heading'
    if (!heading && image >= lines.at(-1)!) continue
    const content = joinLines(text, lines)
    const inline = readInline(content, definitions)
    if (heading) mark.label = inline.text
    for (const { start, end, alt } of inline.images) {
      const image = openMark('image', offsetOf(lines, start))
      image.end = offsetOf(lines, end - 1) + 1
      image.label = alt
      images.push(image)
      if (images.length > MAX_MARKS) return images
    }
  }
  return images.length === 0 ? marks : merge(marks, images)
}

/** Lines of a block joined with `\n`, however they end in the file. */
export function joinLines(text: string, lines: readonly number[]): string {
  if (lines.length === 2) return text.slice(lines[0], lines[1])
  const parts: string[] = []
  for (let at = 0; at < lines.length; at += 2) parts.push(text.slice(lines[at], lines[at + 1]))
  return parts.join('\n')
}

/** Place in the text of a place in the joined lines. */
function offsetOf(lines: readonly number[], at: number): number {
  let left = at
  for (let line = 0; line < lines.length; line += 2) {
    const length = lines[line + 1]! - lines[line]!
    if (left <= length) return lines[line]! + left
    left -= length + 1
  }
  return lines.at(-1)!
}

/** Both lists are sorted by start; a block comes before the images in it. */
function merge(blocks: readonly OpenMark[], images: readonly OpenMark[]): OpenMark[] {
  const merged: OpenMark[] = []
  let next = 0
  for (const block of blocks) {
    while (next < images.length && images[next]!.start < block.start) merged.push(images[next++]!)
    merged.push(block)
  }
  while (next < images.length) merged.push(images[next++]!)
  return merged
}
