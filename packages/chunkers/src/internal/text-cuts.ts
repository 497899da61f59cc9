import type { Document } from '@tesserae/core'
import type { Separator } from './boundaries.js'
import { placedCuts, separatorRanks } from './boundaries.js'
import type { Cuts, CutTable } from './cut-table.js'
import type { KeptSpans } from './kept-spans.js'
import { allowedCuts } from './kept-spans.js'
import { CutScanner } from './scan.js'

/** Code units scanned at a time, from the place that a chunk reaches backwards. */
const WINDOW = 256

/**
 * The cuts of `documentCuts` that `kept` allows, found when they are asked for: a chunk ends at the last paragraph
 * or sentence before its cap, so that most of the text is never scanned. The questions of one pass through the text
 * take linear time together.
 */
export class TextCuts implements Cuts {
  readonly #length: number
  readonly #kept: KeptSpans
  readonly #placed: CutTable
  readonly #scanner: CutScanner
  /** Best rank that the scanner gives, 0 when it finds nothing. */
  readonly #topRank: number
  #isEmpty: boolean | undefined

  constructor(document: Document, separators: readonly Separator[], language: string, kept: KeptSpans) {
    const ranks = separatorRanks(separators)
    this.#length = document.text.length
    this.#kept = kept
    this.#placed = allowedCuts(placedCuts(document, separators, ranks), kept)
    this.#scanner = new CutScanner(document.text, ranks, language)
    this.#topRank = Math.max(ranks.paragraph, ranks.line, ranks.sentence)
  }

  get isEmpty(): boolean {
    this.#isEmpty ??= this.first(0, this.#length, true) < 0
    return this.#isEmpty
  }

  best(floor: number, limit: number, trim: boolean): number {
    const placed = this.#placed
    const index = placed.bestIndex(floor, limit, trim)
    let best = index < 0 ? -1 : placed.starts[index]!
    let bestRank = index < 0 ? 0 : placed.ranks[index]!
    // Further back than a cut of the top rank nothing is better.
    const lowest = bestRank < this.#topRank ? floor : bestRank > this.#topRank ? limit : Math.max(floor, best)
    let upper = limit
    while (upper > lowest) {
      const lower = Math.max(lowest, upper - WINDOW)
      const cuts = this.#scan(lower, upper)
      const found = cuts.bestIndex(lower, upper, trim)
      const rank = found < 0 ? 0 : cuts.ranks[found]!
      if (rank > bestRank || (rank === bestRank && rank > 0 && cuts.starts[found]! > best)) {
        best = cuts.starts[found]!
        bestRank = rank
      }
      if (rank === this.#topRank) break
      upper = lower
    }
    return best
  }

  first(from: number, limit: number, trim: boolean): number {
    const placed = this.#placed.first(from, limit, trim)
    if (this.#topRank === 0) return placed
    const scanned = this.#scan(Math.max(0, from - 1), Math.max(from, limit)).first(from, limit, trim)
    return placed < 0 || scanned < 0 ? Math.max(placed, scanned) : Math.min(placed, scanned)
  }

  /** A table with the allowed cuts that end or start in (from, to], and maybe others. */
  #scan(from: number, to: number): CutTable {
    const scanner = this.#scanner
    if (from < scanner.from || from > scanner.at) scanner.moveTo(from)
    if (to > scanner.at) scanner.advanceTo(to)
    return allowedCuts(scanner.cuts, this.#kept)
  }
}
