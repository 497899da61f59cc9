import type { Document, Mark } from '@tesserae/core'
import { isSafeCut } from '@tesserae/core'
import { characterClasses, skipBlanks, trimBlanks } from './classes.js'
import { CutTable, mergeCuts } from './cut-table.js'
import type { ScanRanks } from './scan.js'
import { isAnnouncement, scanCuts } from './scan.js'

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

export interface SeparatorRanks extends ScanRanks {
  readonly heading: number
}

/** All places where `document` may be cut, ranked by their place in `separators`. */
export function documentCuts(
  document: Document,
  separators: readonly Separator[],
  language: string,
): CutTable {
  const ranks = separatorRanks(separators)
  const usesScan = ranks.paragraph + ranks.line + ranks.sentence > 0
  const scanned = usesScan ? scanCuts(document.text, ranks, language) : new CutTable()
  return mergeCuts(scanned, placedCuts(document, separators, ranks))
}

/** Rank of each named separator by its place in the list; 0 for those that are not in it. */
export function separatorRanks(separators: readonly Separator[]): SeparatorRanks {
  const rankOf = (name: Separator) => {
    const index = separators.indexOf(name)
    return index < 0 ? 0 : (separators.length - index) * RANKS_PER_SEPARATOR
  }
  return {
    paragraph: rankOf('paragraph'),
    line: rankOf('line'),
    sentence: rankOf('sentence'),
    heading: rankOf('heading'),
  }
}

/** The cuts that need no scan of the text: at its marks, and at the literal texts among the separators. */
export function placedCuts(
  document: Document,
  separators: readonly Separator[],
  ranks: SeparatorRanks,
): CutTable {
  let cuts = markCuts(document, ranks)
  for (let index = 0; index < separators.length; index++) {
    const separator = separators[index]!
    if (typeof separator === 'string') continue
    const rank = (separators.length - index) * RANKS_PER_SEPARATOR
    cuts = mergeCuts(cuts, literalCuts(document.text, separator, rank))
  }
  return cuts
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

function markCuts(document: Document, ranks: SeparatorRanks): CutTable {
  const { text, marks } = document
  if (marks.length === 0) return new CutTable()
  const classes = characterClasses()
  const weakest = ranks.sentence || ranks.line || ranks.paragraph
  // Offset and rank in one number, so that one numeric sort orders both.
  const keys: number[] = []
  const add = (offset: number, rank: number, isHeading: boolean) => {
    const end = isHeading ? 0 : trimBlanks(text, 0, offset, classes)
    const fitting = end > 0 && isAnnouncement(text, end) ? Math.min(rank, weakest) : rank
    if (fitting > 0) keys.push(offset * 256 + fitting)
  }
  for (const mark of marks) {
    const inner = innerRank(mark, ranks)
    const isHeading = mark.kind === 'heading' && ranks.heading > 0
    add(mark.start, isHeading ? ranks.heading + headingRank(mark) : inner, isHeading)
    add(mark.end, inner, false)
    if (mark.kind === 'code')
      for (const line of lineStarts(text, mark)) add(line, ranks.line || ranks.sentence, false)
  }
  const cuts = new CutTable()
  for (const key of Float64Array.from(keys).sort())
    pushAt(cuts, text, Math.floor(key / 256), key % 256, classes)
  return cuts
}

/** Code is never wrapped prose: each of its line breaks counts, however the next line starts. */
function lineStarts(text: string, { start, end }: Mark): number[] {
  const starts: number[] = []
  for (let at = text.indexOf('\n', start) + 1; at > 0 && at < end; at = text.indexOf('\n', at) + 1)
    starts.push(at)
  return starts
}

/** Rank of the edges of a block; pages end in the middle of sentences and give none. */
function innerRank(mark: Mark, ranks: SeparatorRanks): number {
  if (mark.kind === 'page') return 0
  return mark.kind === 'row' ? ranks.line || ranks.sentence : ranks.paragraph || ranks.line || ranks.sentence
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
