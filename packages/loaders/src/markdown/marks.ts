import type { Mark, MarkKind } from '@tesserae/core'

/** A mark while its block is open. `kind` becomes undefined when the block turns out to hold no content. */
export interface OpenMark {
  kind: MarkKind | undefined
  start: number
  end: number
  level: number | undefined
  label: string | undefined
}

/** More blocks than this in one file is an attack on memory, not a document. */
export const MAX_MARKS = 1_000_000

export function openMark(kind: MarkKind, start: number): OpenMark {
  return { kind, start, end: start, level: undefined, label: undefined }
}

/** The finished marks: in the order their blocks opened, which is sorted by start and outermost first. */
export function finishedMarks(open: readonly OpenMark[]): Mark[] {
  const marks: Mark[] = []
  for (const { kind, start, end, level, label } of open) {
    if (kind === undefined || end <= start) continue
    const mark: { -readonly [K in keyof Mark]: Mark[K] } = { kind, start, end }
    if (level !== undefined) mark.level = level
    if (label !== undefined && label !== '') mark.label = label
    marks.push(mark)
  }
  return marks
}
