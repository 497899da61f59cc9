import type { MarkKind } from '@tesserae/core'
import { characterClasses, NEWLINE, skipBlanks } from '../internal/classes.js'
import type { CutTable } from '../internal/cut-table.js'
import type { ScanRanks } from '../internal/scan.js'
import { scanCuts } from '../internal/scan.js'
import { pushCut, STRUCTURE_RANK } from './pack-range.js'

/** Ranks of cuts inside a block that is over the cap and has no marks in it. */
const BLOCK_RANKS = { paragraph: STRUCTURE_RANK, line: 7, sentence: 5 }
/** The same inside a value of data, whose paragraphs are no edges of structure. */
const VALUE_RANKS = { ...BLOCK_RANKS, paragraph: STRUCTURE_RANK - 1 }
const CELL_RANK = 5

/** The table that cuts of [start, end) of the text go to. */
export interface CutTarget {
  readonly cuts: CutTable
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Adds the cuts inside the block [from, to): lines of code, cells of a row, else paragraphs, lines and sentences. */
export function leafCuts(
  kind: MarkKind,
  target: CutTarget,
  from: number,
  to: number,
  language: string,
): void {
  if (kind === 'code') codeCuts(target, from, to)
  else if (kind === 'row') cellCuts(target, from, to)
  else proseCuts(target, from, to, BLOCK_RANKS, language)
}

/** Adds the paragraphs, lines and sentences in [from, to). */
export function proseCuts(
  target: CutTarget,
  from: number,
  to: number,
  ranks: ScanRanks = VALUE_RANKS,
  language = '',
): void {
  const found = scanCuts(target.text.slice(from, to), ranks, language)
  for (let i = 0; i < found.size; i++) push(target, from + found.ends[i]!, found.ranks[i]!)
}

/** Every line, better at blank lines. */
function codeCuts(target: CutTarget, from: number, to: number): void {
  const { text } = target
  const classes = characterClasses()
  for (let at = lineEnd(text, from, to, classes); at < to; ) {
    const next = skipBlanks(text, at, to, classes)
    let breaks = 0
    for (let i = at; i < next; i++) {
      const isPair = text.charCodeAt(i) === 0x0d && text.charCodeAt(i + 1) === 0x0a
      if (!isPair && classes[text.charCodeAt(i)] === NEWLINE) breaks++
    }
    push(target, at, breaks > 1 ? BLOCK_RANKS.paragraph : BLOCK_RANKS.line)
    at = lineEnd(text, next, to, classes)
  }
}

/** First line break from `from` on, at most `limit`. A function of its own: as a part of a longer loop it would be compiled late. */
function lineEnd(text: string, from: number, limit: number, classes: Uint8Array): number {
  let at = from
  while (at < limit && classes[text.charCodeAt(at)] !== NEWLINE) at++
  return at
}

/** Cells stand between bars or tabs, or on lines of their own. */
function cellCuts(target: CutTarget, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    const code = target.text.charCodeAt(at)
    if (code === 0x7c || code === 0x09 || code === 0x0a) push(target, at, CELL_RANK)
  }
}

function push({ cuts, text, start, end }: CutTarget, at: number, rank: number): void {
  pushCut(cuts, text, start, end, at, rank)
}
