import type { Document } from '@tesserae/core'
import { skipBlanks, trimBlanks } from './classes.js'
import { CutTable } from './cut-table.js'
import type { Ruler } from './ruler.js'

/** Spans to cut around: ascending, disjoint, as flat columns. */
class SpanColumns {
  readonly starts: number[] = []
  readonly ends: number[] = []

  /** Index of the span with start < offset < end, or -1. */
  around(offset: number): number {
    let low = 0
    let high = this.starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.starts[middle]! < offset) low = middle + 1
      else high = middle
    }
    const index = low - 1
    return index >= 0 && this.ends[index]! > offset ? index : -1
  }
}

/**
 * What the document's marks ask to leave whole: table rows, tables and code blocks that fit into one chunk,
 * and the gap between a heading and what follows it.
 */
export class KeptSpans {
  readonly #blocks = new SpanColumns()
  readonly #headingGaps = new SpanColumns()

  get isEmpty(): boolean {
    return this.#blocks.starts.length === 0 && this.#headingGaps.starts.length === 0
  }

  addBlock(start: number, end: number): void {
    this.#blocks.starts.push(start)
    this.#blocks.ends.push(end)
  }

  /** Asks not to cut behind `start` up to and including `bodyStart`. */
  addHeadingGap(start: number, bodyStart: number): void {
    this.#headingGaps.starts.push(start)
    this.#headingGaps.ends.push(bodyStart + 1)
  }

  forbids(offset: number): boolean {
    return this.#blocks.around(offset) >= 0 || this.#headingGaps.around(offset) >= 0
  }

  /** Largest place at or before `offset` that cuts nothing which starts behind `floor`. */
  before(offset: number, floor: number): number {
    let at = offset
    for (;;) {
      const block = this.#blocks.around(at)
      const gap = this.#headingGaps.around(at)
      if (block >= 0 && this.#blocks.starts[block]! > floor) at = this.#blocks.starts[block]!
      else if (gap >= 0 && this.#headingGaps.starts[gap]! > floor) at = this.#headingGaps.starts[gap]!
      else return at
    }
  }

  /** Smallest place at or after `offset` that is not inside a kept block. */
  after(offset: number): number {
    const block = this.#blocks.around(offset)
    return block < 0 ? offset : this.#blocks.ends[block]!
  }
}

/** Collects what to keep from the marks of `document`. Blocks over `maxUnits` are not kept: their parts may be. */
export function keptSpans(
  document: Document,
  ruler: Ruler,
  maxUnits: number,
  classes: Uint8Array,
): KeptSpans {
  const kept = new KeptSpans()
  const { text } = document
  let keptUntil = 0
  for (const mark of document.marks) {
    if (mark.kind === 'heading') {
      const body = skipBlanks(text, mark.end, text.length, classes)
      if (body < text.length && mark.start < body) kept.addHeadingGap(mark.start, body)
    }
    if (mark.kind !== 'table' && mark.kind !== 'row' && mark.kind !== 'code') continue
    if (mark.end <= keptUntil) continue
    const start = skipBlanks(text, mark.start, mark.end, classes)
    const end = trimBlanks(text, start, mark.end, classes)
    if (start < end && ruler.count(start, end) <= maxUnits && ruler.alone(start, end) <= maxUnits) {
      kept.addBlock(start, end)
      keptUntil = mark.end
    }
  }
  return kept
}

/** The cuts that no kept span forbids. */
export function allowedCuts(cuts: CutTable, kept: KeptSpans): CutTable {
  if (kept.isEmpty) return cuts
  const allowed = new CutTable()
  for (let i = 0; i < cuts.size; i++) {
    if (!kept.forbids(cuts.starts[i]!)) allowed.push(cuts.ends[i]!, cuts.starts[i]!, cuts.ranks[i]!)
  }
  return allowed
}
