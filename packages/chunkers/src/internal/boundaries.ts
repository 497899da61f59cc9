import type { Document, Mark } from '@tesserae/core'
import { isSafeCut } from '@tesserae/core'
import { characterClasses, skipBlanks, trimBlanks } from './classes.js'
import { CutTable, mergeCuts } from './cut-table.js'
import { scanCuts } from './scan.js'

/**
 * Where to cut, from coarse to fine. `heading`: in front of a heading mark, outer levels first. `paragraph`:
 * at blank lines and at the edges of block marks. `line`: at line breaks that do not interrupt a sentence.
 * `sentence`: between sentences. `{ before }` and `{ after }`: at each occurrence of a literal text.
 */
export type Separator =
  | 'heading'
  | 'paragraph'
  | 'line'
  | 'sentence'
  | { readonly before: string }
  | { readonly after: string }

/** Ranks of one separator: headings use the room to tell their levels apart. */
export const RANKS_PER_SEPARATOR = 8
/** Ranks are bytes. */
export const MAX_SEPARATORS = 30

/** All places where `document` may be cut, ranked by their place in `separators`. */
export function documentCuts(
  document: Document,
  separators: readonly Separator[],
  language: string,
): CutTable {
  const { text } = document
  const rankOf = (name: Separator) => {
    const index = separators.indexOf(name)
    return index < 0 ? 0 : (separators.length - index) * RANKS_PER_SEPARATOR
  }
  const ranks = { paragraph: rankOf('paragraph'), line: rankOf('line'), sentence: rankOf('sentence') }
  const usesScan = ranks.paragraph + ranks.line + ranks.sentence > 0
  let cuts = usesScan ? scanCuts(text, ranks, language) : new CutTable()
  for (let index = 0; index < separators.length; index++) {
    const separator = separators[index]!
    if (typeof separator === 'string') continue
    cuts = mergeCuts(cuts, literalCuts(text, separator, (separators.length - index) * RANKS_PER_SEPARATOR))
  }
  return mergeCuts(cuts, markCuts(document, ranks.paragraph, ranks.line, rankOf('heading')))
}

/** Cuts at each occurrence of a literal text; occurrences do not overlap. */
function literalCuts(
  text: string,
  separator: { readonly before: string } | { readonly after: string },
  rank: number,
): CutTable {
  const classes = characterClasses()
  const cuts = new CutTable()
  const literal = 'before' in separator ? separator.before : separator.after
  const shift = 'before' in separator ? 0 : literal.length
  for (let found = text.indexOf(literal); found >= 0; found = text.indexOf(literal, found + literal.length)) {
    pushAt(cuts, text, found + shift, rank, classes)
  }
  return cuts
}

function markCuts(document: Document, paragraph: number, line: number, heading: number): CutTable {
  const { text, marks } = document
  const classes = characterClasses()
  // Offset and rank in one number, so that one numeric sort orders both.
  const keys = new Float64Array(marks.length * 2)
  let size = 0
  const add = (offset: number, rank: number) => {
    if (rank > 0) keys[size++] = offset * 256 + rank
  }
  for (const mark of marks) {
    const inner = innerRank(mark, paragraph, line)
    add(mark.start, mark.kind === 'heading' && heading > 0 ? heading + headingRank(mark) : inner)
    add(mark.end, inner)
  }
  const cuts = new CutTable()
  for (const key of keys.subarray(0, size).sort())
    pushAt(cuts, text, Math.floor(key / 256), key % 256, classes)
  return cuts
}

function innerRank(mark: Mark, paragraph: number, line: number): number {
  if (mark.kind === 'page') return 0
  return mark.kind === 'row' ? line : paragraph
}

/** 7 for level 1 down to 1 for level 7 and below. */
function headingRank(mark: Mark): number {
  return Math.max(1, RANKS_PER_SEPARATOR - Math.max(1, mark.level ?? 1))
}

/** Adds the gap of blanks around `offset`, unless it touches the border of the text or divides a character. */
function pushAt(cuts: CutTable, text: string, offset: number, rank: number, classes: Uint8Array): void {
  if (!isSafeCut(text, offset)) return
  const end = trimBlanks(text, 0, offset, classes)
  const start = skipBlanks(text, offset, text.length, classes)
  if (end > 0 && start < text.length) cuts.push(end, start, rank)
}
