import type { Document } from '@tesserae/core'
import type { Separator } from './boundaries.js'
import { placedCuts, separatorRanks } from './boundaries.js'
import { characterClasses, skipBlanks } from './classes.js'
import type { Cuts, CutTable } from './cut-table.js'
import type { KeptSpans } from './kept-spans.js'
import { allowedCuts } from './kept-spans.js'
import { CutScanner, lastBlankLine } from './scan.js'

/** Code units scanned at a time, from the place that a chunk reaches backwards. */
const WINDOW = 256

/**
 * The cuts of `documentCuts` that `kept` allows, found when they are asked for: a chunk ends at the last paragraph
 * or sentence before its cap, so that most of the text is never scanned. The questions of one pass through the text
 * take linear time together.
 */
export class TextCuts implements Cuts {
  readonly #text: string
  readonly #kept: KeptSpans
  readonly #placed: CutTable
  readonly #scanner: CutScanner
  /** Best rank that the scanner gives, 0 when it finds nothing. */
  readonly #topRank: number
  /** Whether only the ends of paragraphs have the best rank: they are found without a look at sentences. */
  readonly #prefersParagraphs: boolean
  #isEmpty: boolean | undefined

  constructor(document: Document, separators: readonly Separator[], language: string, kept: KeptSpans) {
    const ranks = separatorRanks(separators)
    this.#text = document.text
    this.#kept = kept
    this.#placed = allowedCuts(placedCuts(document, separators, ranks), kept)
    this.#scanner = new CutScanner(document.text, ranks, language)
    const lesser = Math.max(ranks.line, ranks.sentence)
    this.#topRank = Math.max(ranks.paragraph, lesser)
    // Alone, paragraphs share their rank with lines that end in a colon.
    this.#prefersParagraphs = ranks.paragraph > lesser && lesser > 0
  }

  get isEmpty(): boolean {
    this.#isEmpty ??= this.first(0, this.#text.length, true) < 0
    return this.#isEmpty
  }

  best(floor: number, limit: number, trim: boolean): number {
    const placed = this.#placed
    const index = placed.bestIndex(floor, limit, trim)
    let best = index < 0 ? -1 : placed.starts[index]!
    let bestRank = index < 0 ? 0 : placed.ranks[index]!
    // Further back than a cut of the top rank nothing is better.
    const lowest = bestRank < this.#topRank ? floor : bestRank > this.#topRank ? limit : Math.max(floor, best)
    const paragraph = this.#prefersParagraphs ? this.#lastParagraph(lowest, limit, trim) : -1
    if (paragraph >= 0) return paragraph
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

  /** Start of the last paragraph in front of which a chunk ends in (floor, limit], or -1. */
  #lastParagraph(floor: number, limit: number, trim: boolean): number {
    const text = this.#text
    const classes = characterClasses()
    // Trimmed chunks end before the blanks that they reach, so all of those count.
    const reach = trim ? skipBlanks(text, limit, text.length, classes) : limit
    let at = lastBlankLine(text, floor, reach, classes)
    for (; at >= 0; at = lastBlankLine(text, floor, at, classes)) {
      const cuts = this.#cover(at, at + 1)
      const index = cuts.firstStartingAt(at + 1)
      if (index === cuts.size || cuts.ranks[index] !== this.#topRank) continue
      const end = trim ? cuts.ends[index]! : cuts.starts[index]!
      if (end > floor && end <= limit && !this.#kept.forbids(cuts.starts[index]!)) return cuts.starts[index]!
    }
    return -1
  }

  /** A table with the allowed cuts that end or start in (from, to], and maybe others. */
  #scan(from: number, to: number): CutTable {
    return allowedCuts(this.#cover(from, to), this.#kept)
  }

  /** The same before `kept` is asked. */
  #cover(from: number, to: number): CutTable {
    const scanner = this.#scanner
    if (from < scanner.from || from > scanner.at) scanner.moveTo(from)
    if (to > scanner.at) scanner.advanceTo(to)
    return scanner.cuts
  }
}
