import { safeCutAfter } from '@tesserae/core'
import { characterClasses, skipBlanks, trimBlanks } from './classes.js'
import type { Cuts, CutTable } from './cut-table.js'
import type { FineLevel } from './fine-cut.js'
import { fineCutAfter, fineCutBefore, longestFitting } from './fine-cut.js'
import type { KeptSpans } from './kept-spans.js'
import type { Ruler } from './ruler.js'

/** Limits in pieces between cuts, such as sentences. */
export interface PieceLimits {
  /** The cuts of the plan. */
  readonly table: CutTable
  /** Most pieces in one chunk; Infinity for as many as fit. */
  readonly most: number
  /** Pieces repeated from the chunk before; used when `overlapUnits` is 0. */
  readonly overlap: number
}

export interface PackPlan {
  readonly text: string
  readonly ruler: Ruler
  /** Hard cap of a chunk in the ruler's units, at least 1; for its text alone as for its place in the document. */
  readonly maxUnits: number
  /** Most units repeated from the chunk before, below `maxUnits`. 0 is none. */
  readonly overlapUnits: number
  /** Good places to cut. A chunk takes the best-ranked one in reach, the last of equals. */
  readonly cuts: Cuts
  /** Counts what lies between cuts; undefined where chunks hold as many pieces as fit and repeat none. */
  readonly pieces?: PieceLimits | undefined
  readonly kept: KeptSpans
  /** What to respect where no good place is in reach. */
  readonly fine: FineLevel
  /** Share of `maxUnits`, 0–1, that a chunk must fill before a cut counts as in reach. */
  readonly minimumFill: number
  /** Leave the blanks around a cut out of both chunks. */
  readonly trim: boolean
}

/** Chunks that turn out over the cap when measured alone are packed again this often, with less room each time. */
const MOST_ATTEMPTS = 4

/**
 * Greedy packing: each chunk reaches as far as the ruler allows and ends at the best place on the way there.
 * Starts and ends both ascend strictly; every non-blank character is covered (every character without `trim`,
 * unless all are blank);
 * no chunk is over `maxUnits`, except one that is a single code point.
 */
export class Packer {
  /** The chunk that `next` made. */
  start = 0
  end = 0
  /** Its size: the units it touches in the document, or those of its text alone where they are more. */
  units = 0
  readonly #plan: PackPlan
  readonly #classes = characterClasses()
  readonly #limit: number
  #nextStart: number
  /** Where text begins that no chunk holds yet. */
  #uncovered: number
  /** Room of the chunk being made, in units of the document: `maxUnits` less what its text has more alone. */
  #budget = 0

  constructor(plan: PackPlan) {
    const { text, trim } = plan
    this.#plan = plan
    const content = skipBlanks(text, 0, text.length, this.#classes)
    this.#nextStart = trim ? content : 0
    if (content === text.length) this.#limit = this.#nextStart
    else this.#limit = trim ? trimBlanks(text, content, text.length, this.#classes) : text.length
    this.#uncovered = this.#nextStart
  }

  /** Moves `start` and `end` to the next chunk; false at the end of the text. */
  next(): boolean {
    if (this.#uncovered >= this.#limit) return false
    const { maxUnits } = this.#plan
    const uncovered = this.#uncovered
    this.#budget = maxUnits
    let fits = false
    for (let attempt = 0; !fits && this.#budget > 0 && attempt < MOST_ATTEMPTS; attempt++) {
      this.#uncovered = uncovered
      this.#fill()
      fits = this.#fits()
      this.#budget -= this.units - maxUnits
    }
    if (!fits) this.#shorten(uncovered)
    if (this.#uncovered < this.#limit) this.#nextStart = this.#overlapStart()
    return true
  }

  /** Measures the chunk; one code point over the cap counts as fitting, since it cannot be divided. */
  #fits(): boolean {
    const { maxUnits, ruler, text } = this.#plan
    this.units = Math.max(ruler.count(this.start, this.end), ruler.alone(this.start, this.end))
    return this.units <= maxUnits || this.end <= safeCutAfter(text, this.start + 1)
  }

  /** Makes a chunk that fits by the document's units. */
  #fill(): void {
    this.start = this.#nextStart
    const { ruler } = this.#plan
    let reach = Math.min(this.#limit, ruler.reach(this.start, this.#budget))
    if (reach <= this.#uncovered && this.start < this.#uncovered) {
      this.start = this.#uncovered
      reach = Math.min(this.#limit, ruler.reach(this.start, this.#budget))
    }
    const lastPiece = this.#lastPieceEnd()
    if (
      reach === this.#limit &&
      lastPiece >= this.#limit &&
      ruler.count(this.start, this.#limit) <= this.#budget
    ) {
      this.end = this.#limit
      this.#uncovered = this.#limit
      return
    }
    if (!this.#takeCut(Math.min(reach, lastPiece)) && !this.#dropOverlapForCut()) this.#takeFineCut(reach)
  }

  /** Divides a chunk that was over the cap with any room: as long as it fits, by bisection; without overlap. */
  #shorten(uncovered: number): void {
    const { fine, text } = this.#plan
    this.start = uncovered
    const level = fine === 'none' ? 'none' : 'grapheme'
    const cut = longestFitting(text, uncovered, this.end, level, this.#classes, (end) => {
      this.end = end
      return this.#fits()
    })
    this.#finish(cut)
    this.#fits()
  }

  /** Where a chunk from `start` ends if it takes as many pieces as it may. */
  #lastPieceEnd(): number {
    const { pieces, trim } = this.#plan
    if (pieces === undefined) return this.#limit
    const { table, most } = pieces
    const last = table.firstStartingAt(this.start + 1) + most - 1
    if (last >= table.size) return this.#limit
    return trim ? table.ends[last]! : table.starts[last]!
  }

  /** Ends the chunk at the best cut in reach; where a kept block stands in the way, in front of it. */
  #takeCut(reach: number): boolean {
    const { cuts, kept, minimumFill, ruler, trim } = this.#plan
    const upper = kept.before(reach, this.start)
    const isHeld = upper < reach && upper > this.#uncovered
    const fill = Math.floor(this.#budget * minimumFill)
    const floor = fill > 0 ? Math.max(this.#uncovered, ruler.reach(this.start, fill)) : this.#uncovered
    const cut = cuts.best(floor, upper, trim)
    if (cut >= 0) this.#finish(cut)
    else if (isHeld) this.#finish(upper)
    return cut >= 0 || isHeld
  }

  /** Rather repeats less than breaks a piece which alone would fit. */
  #dropOverlapForCut(): boolean {
    const { cuts, ruler, text, trim } = this.#plan
    if (this.start === this.#uncovered || cuts.isEmpty) return false
    const reach = Math.min(this.#limit, ruler.reach(this.#uncovered, this.#budget))
    const cut = cuts.first(this.#uncovered + 1, reach, trim)
    if (cut < 0 && reach < this.#limit) return false
    const next = cut < 0 ? this.#limit : cut
    const end = trim ? trimBlanks(text, this.#uncovered, next, this.#classes) : next
    if (ruler.count(this.#uncovered, end) > this.#budget) return false
    const first = cuts.first(Math.max(this.start, ruler.reachBack(end, this.#budget)), this.#uncovered, trim)
    this.start = first < 0 ? this.#uncovered : Math.min(first, this.#uncovered)
    this.#finish(next)
    return true
  }

  /** Ends the chunk where no good place is in reach: between words, characters or code points. */
  #takeFineCut(reach: number): void {
    const { fine, kept, text, ruler } = this.#plan
    let cut = fineCutBefore(text, this.#uncovered, reach, fine, this.#classes)
    if (
      this.start < this.#uncovered &&
      (cut <= this.#uncovered || ruler.count(this.start, cut) > this.#budget)
    ) {
      this.start = this.#uncovered
      const alone = Math.min(this.#limit, ruler.reach(this.start, this.#budget))
      cut = fineCutBefore(text, this.#uncovered, alone, fine, this.#classes)
    }
    // The border of a word may lie right behind a heading, or inside a block that starts in this chunk.
    const before = kept.before(cut, this.start)
    if (before > this.#uncovered) cut = before
    if (cut <= this.#uncovered || ruler.count(this.start, cut) > this.#budget) {
      // One code point over the cap: it cannot be divided, and skipping it would lose it.
      cut = safeCutAfter(text, this.start + 1)
    }
    this.#finish(cut)
  }

  /** Ends the chunk at `cut`: blanks around it are in no chunk, or in this one without `trim`. */
  #finish(cut: number): void {
    const { text, trim } = this.#plan
    this.end = trim ? trimBlanks(text, this.start, cut, this.#classes) : cut
    this.#uncovered = trim ? skipBlanks(text, cut, this.#limit, this.#classes) : cut
  }

  /** Start of the chunk after this one: back into it by the overlap, at a good place where there is one. */
  #overlapStart(): number {
    const { cuts, fine, kept, overlapUnits, pieces, ruler, text, trim } = this.#plan
    if (overlapUnits === 0) return pieces === undefined ? this.#uncovered : this.#repeatPieces(pieces)
    const lowest = Math.max(ruler.reachBack(this.end, overlapUnits), this.start + 1)
    if (lowest >= this.end) return this.#uncovered
    const middle = lowest + ((this.end - lowest) >>> 1)
    const cut = cuts.first(lowest, middle, trim)
    if (cut >= 0 && cut <= middle) return cut
    const fineStart = kept.after(fineCutAfter(text, lowest, this.end, fine, this.#classes))
    const start = trim ? skipBlanks(text, fineStart, text.length, this.#classes) : fineStart
    return start < this.end ? start : this.#uncovered
  }

  /** Start of the chunk after this one, which repeats pieces of it. */
  #repeatPieces({ table, overlap }: PieceLimits): number {
    const first = table.firstStartingAt(this.start + 1)
    const index = Math.max(first, table.firstStartingAt(this.#uncovered) - overlap)
    return index < table.size ? Math.min(table.starts[index]!, this.#uncovered) : this.#uncovered
  }
}
