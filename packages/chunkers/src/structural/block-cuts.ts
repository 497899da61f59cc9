import type { MarkKind } from '@tesserae/core'
import { characterClasses, isBlankClass, NEWLINE, skipBlanks, trimBlanks } from '../internal/classes.js'
import { CutTable } from '../internal/cut-table.js'
import type { Ruler } from '../internal/ruler.js'
import { isAnnouncement } from '../internal/scan.js'
import { likelyFits } from './fit.js'
import { leafCuts } from './leaf-cuts.js'
import type { Outline } from './outline.js'
import { contentStart, pushCut, STRUCTURE_RANK } from './pack-range.js'

/** Between what ends in a colon and what it announces. */
const ANNOUNCED_RANK = 3
/** Between a heading, or the header of a table, and what follows. */
const HEADING_RANK = 1
/** Ranks of edges between blocks: the less nested, the better. */
const OUTERMOST_RANK = 250
const RANKS_PER_DEPTH = 4
const INNERMOST_RANK = STRUCTURE_RANK + 1

interface Frame {
  readonly kind: MarkKind | 'section'
  readonly start: number
  readonly end: number
  readonly depth: number
  /** Up to here the block's children and the text between them are dealt with. */
  done: number
  children: number
  lastKind: MarkKind | undefined
  /** Start of the open list item, and the number of cuts before any inside it. */
  itemStart: number
  itemCuts: number
}

export interface BlockLimits {
  /** Tokens that a block may have to stay whole. */
  readonly budget: number
  /** The same for rows, which have the table's header in front of them. */
  readonly rowBudget: number
  /** Two-letter language code, or ''. */
  readonly language: string
}

/**
 * Where the section [start, end) may be cut: at the edges of blocks, the less nested the better, and inside
 * those over the budget: between list items, rows, blank lines of code; where no mark helps, at paragraphs,
 * lines and sentences. Blocks that fit have no cuts inside. One pass over the section's marks.
 */
export function blockCuts(
  outline: Outline,
  ruler: Ruler,
  limits: BlockLimits,
  firstMark: number,
  start: number,
  end: number,
): CutTable {
  const { text, marks } = outline
  const classes = characterClasses()
  const cuts = new CutTable()
  const frames: Frame[] = [makeFrame('section', start, end, 0, 0)]

  let skipUntil = start
  for (let index = firstMark; index < marks.length; index++) {
    const mark = marks[index]!
    if (mark.start >= end) break
    const isBlock = mark.kind !== 'page' && mark.kind !== 'image'
    if (!isBlock || mark.start < skipUntil) continue
    while (frames.length > 1 && frames.at(-1)!.end <= mark.start) close()
    const parent = frames.at(-1)!
    gap(parent, mark.start)
    const blockEnd = Math.min(mark.end, parent.end)
    if (fits(parent, mark.kind, mark.start, blockEnd)) {
      finish(parent, mark.kind, blockEnd)
      skipUntil = blockEnd
    } else frames.push(makeFrame(mark.kind, mark.start, blockEnd, parent.depth + depthOf(parent), cuts.size))
  }
  while (frames.length > 0) close()
  return cuts

  function depthOf(parent: Frame): number {
    return parent.kind === 'list' ? 2 : 1
  }

  /** A paragraph must fit together with the heading that it stays with. */
  function fits(parent: Frame, kind: MarkKind, from: number, to: number): boolean {
    const isText = kind === 'paragraph' || kind === 'quote'
    const first = isText && parent.kind === 'section' && parent.lastKind === 'heading' ? start : from
    const content = skipBlanks(text, first, to, classes)
    const budget = kind === 'row' ? limits.rowBudget : limits.budget
    return likelyFits(ruler, content, trimBlanks(text, content, to, classes), budget)
  }

  /** Deals with what lies between the last child of `parent` and `next`, and with the edge between the two. */
  function gap(parent: Frame, next: number): void {
    if (parent.kind === 'list') {
      listGap(parent, next)
      return
    }
    const from = parent.done
    const content = skipBlanks(text, from, next, classes)
    if (content < next && isTextOfItsOwn(parent, content, next)) {
      if (from > parent.start) edge(parent, from)
      inner('paragraph', content, next)
      parent.lastKind = undefined
      edge(parent, next)
    } else if (parent.children > 0 || parent.kind === 'section') edge(parent, from)
  }

  /**
   * In a list, every line between the marks starts an item, the one whose marker stands in front of `next` among
   * them. What starts on a line of its own goes on with the item before it.
   */
  function listGap(list: Frame, next: number): void {
    const rank = Math.max(INNERMOST_RANK, OUTERMOST_RANK - RANKS_PER_DEPTH * list.depth)
    let lineStart = list.done
    for (let at = list.done; at < next; ) {
      if (classes[text.charCodeAt(at)] !== NEWLINE) {
        at++
        continue
      }
      inner('paragraph', lineStart, at)
      const content = skipBlanks(text, at, next, classes)
      if (content < next) {
        closeItem(list, at)
        pushCut(cuts, text, start, end, at, rank)
        list.itemStart = contentStart(text, at, end, classes)
        list.itemCuts = cuts.size
      } else pushCut(cuts, text, start, end, at, edgeRank(list, at, rank))
      lineStart = content
      at = content
    }
    inner('paragraph', lineStart, next)
  }

  /** Text between children counts as a block at the top, unless it is the marker in front of the next child. */
  function isTextOfItsOwn(parent: Frame, content: number, next: number): boolean {
    if (parent.kind !== 'section') return ruler.count(content, next) > limits.budget
    for (let at = next - 1; at >= content; at--) {
      const kind = classes[text.charCodeAt(at)]!
      if (kind === NEWLINE) return true
      if (!isBlankClass(kind)) break
    }
    const last = trimBlanks(text, content, next, classes)
    for (let at = content; at < last; at++) if (classes[text.charCodeAt(at)] === NEWLINE) return true
    return false
  }

  function edge(parent: Frame, at: number): void {
    const rank = Math.max(INNERMOST_RANK, OUTERMOST_RANK - RANKS_PER_DEPTH * parent.depth)
    pushCut(cuts, text, start, end, at, edgeRank(parent, at, rank))
  }

  function edgeRank(parent: Frame, at: number, rank: number): number {
    const isHeader = parent.kind === 'table' && parent.children === 1
    if (isHeader || parent.lastKind === 'heading') return HEADING_RANK
    const last = trimBlanks(text, start, at, classes)
    if (last > start && isAnnouncement(text, last)) return ANNOUNCED_RANK
    return parent.kind === 'list' ? Math.max(INNERMOST_RANK, rank - RANKS_PER_DEPTH) : rank
  }

  /** An item that fits stays whole: its inner cuts, the last ones, go. */
  function closeItem(list: Frame, at: number): void {
    const itemEnd = trimBlanks(text, list.itemStart, at, classes)
    if (likelyFits(ruler, list.itemStart, itemEnd, limits.budget)) {
      cuts.size = Math.min(cuts.size, list.itemCuts)
    }
  }

  function finish(parent: Frame, kind: MarkKind, blockEnd: number): void {
    parent.done = blockEnd
    parent.children++
    parent.lastKind = kind
  }

  function close(): void {
    const frame = frames.pop()!
    const { kind } = frame
    const hasRest = skipBlanks(text, frame.done, frame.end, classes) < frame.end
    if (kind === 'list') {
      if (hasRest) listGap(frame, frame.end)
      closeItem(frame, frame.end)
    } else if (kind !== 'section' && frame.children === 0) inner(kind, frame.start, frame.end)
    else if (hasRest) {
      if (frame.children > 0 && kind === 'section') edge(frame, frame.done)
      inner('paragraph', frame.done, frame.end)
    }
    const parent = frames.at(-1)
    if (parent && kind !== 'section') finish(parent, kind, frame.end)
  }

  /** Cuts inside a block without children, if it is over the budget. */
  function inner(kind: MarkKind, from: number, to: number): void {
    const budget = kind === 'row' ? limits.rowBudget : limits.budget
    const isFirst = frames.length === 1 && frames[0]!.lastKind === 'heading'
    if (!likelyFits(ruler, isFirst ? start : from, to, budget)) {
      leafCuts(kind, { cuts, text, start, end }, from, to, limits.language)
    }
  }
}

function makeFrame(kind: Frame['kind'], start: number, end: number, depth: number, cuts: number): Frame {
  return {
    kind,
    start,
    end,
    depth,
    done: start,
    children: 0,
    lastKind: undefined,
    itemStart: start,
    itemCuts: cuts,
  }
}
