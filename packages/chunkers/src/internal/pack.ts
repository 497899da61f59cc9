import { safeCutAfter } from '@tesserae/core'
import { characterClasses, skipBlanks, trimBlanks } from './classes.js'
import type { CutTable } from './cut-table.js'
import type { FineLevel } from './fine-cut.js'
import { fineCutAfter, fineCutBefore, longestFitting } from './fine-cut.js'
import type { KeptSpans } from './kept-spans.js'
import type { Ruler } from './ruler.js'

export interface PackPlan {
  readonly text: string
  readonly ruler: Ruler
  /** Hard cap of a chunk in the ruler's units, at least 1; for its text alone as for its place in the document. */
  readonly maxUnits: number
  /** Most units repeated from the chunk before, below `maxUnits`. 0 is none. */
  readonly overlapUnits: number
  /** Pieces between cuts repeated from the chunk before; used when `overlapUnits` is 0. */
  readonly overlapPieces: number
  /** Good places to cut. A chunk takes the best-ranked one in reach, the last of equals. */
  readonly cuts: CutTable
  readonly kept: KeptSpans
  /** What to respect where no good place is in reach. */
  readonly fine: FineLevel
  /** Share of `maxUnits`, 0–1, that a chunk must fill before a cut counts as in reach. */
  readonly minimumFill: number
  /** Most pieces between cuts in one chunk; Infinity for as many as fit. */
  readonly maxPieces: number
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
  /** Offsets a chunk ends at when it takes cut i: before the blanks, or behind them without `trim`. */
  readonly #cutEnds: Uint32Array
  readonly #limit: number
  #nextStart: number
  /** Where text begins that no chunk holds yet. */
  #uncovered: number
  /** Room of the chunk being made, in units of the document: `maxUnits` less what its text has more alone. */
  #budget = 0

  constructor(plan: PackPlan) {
    const { text, cuts, trim } = plan
    this.#plan = plan
    this.#cutEnds = trim ? cuts.ends : cuts.starts
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
    this.#finish(cut, cut)
    this.#fits()
  }

  /** Where a chunk from `start` ends if it takes as many pieces as it may. */
  #lastPieceEnd(): number {
    const { cuts, maxPieces } = this.#plan
    const last = cuts.firstStartingAt(this.start + 1) + maxPieces - 1
    return last < cuts.size ? this.#cutEnds[last]! : this.#limit
  }

  /** Ends the chunk at the best cut in reach; where a kept block stands in the way, in front of it. */
  #takeCut(reach: number): boolean {
    const { cuts, kept, minimumFill, ruler } = this.#plan
    const upper = kept.before(reach, this.start)
    const fill = Math.floor(this.#budget * minimumFill)
    const floor = fill > 0 ? Math.max(this.#uncovered, ruler.reach(this.start, fill)) : this.#uncovered
    let best = -1
    let bestRank = 0
    for (let i = this.#lastCutEndingBy(upper); i >= 0 && this.#cutEnds[i]! > floor; i--) {
      if (cuts.ranks[i]! > bestRank) {
        best = i
        bestRank = cuts.ranks[i]!
      }
    }
    if (best >= 0) this.#finish(this.#cutEnds[best]!, cuts.starts[best]!)
    else if (upper < reach && upper > this.#uncovered) this.#finish(upper, upper)
    else return false
    return true
  }

  /** Rather repeats less than breaks a piece which alone would fit. */
  #dropOverlapForCut(): boolean {
    const { cuts, ruler } = this.#plan
    if (this.start === this.#uncovered || cuts.size === 0) return false
    const next = cuts.firstStartingAt(this.#uncovered + 1)
    const end = next < cuts.size ? this.#cutEnds[next]! : this.#limit
    if (ruler.count(this.#uncovered, end) > this.#budget) return false
    const first = cuts.firstStartingAt(Math.max(this.start, ruler.reachBack(end, this.#budget)))
    this.start = Math.min(first < cuts.size ? cuts.starts[first]! : this.#uncovered, this.#uncovered)
    this.#finish(end, next < cuts.size ? cuts.starts[next]! : this.#limit)
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
    this.#finish(cut, cut)
  }

  #finish(end: number, nextStart: number): void {
    const { text, trim } = this.#plan
    this.end = trim ? trimBlanks(text, this.start, end, this.#classes) : end
    this.#uncovered = trim ? skipBlanks(text, nextStart, this.#limit, this.#classes) : nextStart
  }

  /** Start of the chunk after this one: back into it by the overlap, at a good place where there is one. */
  #overlapStart(): number {
    const { cuts, fine, kept, overlapPieces, overlapUnits, ruler, text, trim } = this.#plan
    const first = cuts.firstStartingAt(this.start + 1)
    if (overlapUnits === 0) {
      if (overlapPieces === 0) return this.#uncovered
      const index = Math.max(first, cuts.firstStartingAt(this.#uncovered) - overlapPieces)
      return index < cuts.size ? Math.min(cuts.starts[index]!, this.#uncovered) : this.#uncovered
    }
    const lowest = Math.max(ruler.reachBack(this.end, overlapUnits), this.start + 1)
    if (lowest >= this.end) return this.#uncovered
    const index = Math.max(first, cuts.firstStartingAt(lowest))
    if (index < cuts.size && cuts.starts[index]! <= lowest + ((this.end - lowest) >>> 1)) {
      return cuts.starts[index]!
    }
    const fineStart = kept.after(fineCutAfter(text, lowest, this.end, fine, this.#classes))
    const start = trim ? skipBlanks(text, fineStart, text.length, this.#classes) : fineStart
    return start < this.end ? start : this.#uncovered
  }

  /** Index of the last cut that ends at or before `offset`, or -1. */
  #lastCutEndingBy(offset: number): number {
    let low = 0
    let high = this.#plan.cuts.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#cutEnds[middle]! <= offset) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
