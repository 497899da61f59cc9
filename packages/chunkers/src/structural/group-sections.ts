import { characterClasses, skipBlanks, trimBlanks } from '../internal/classes.js'
import type { Ruler } from '../internal/ruler.js'
import type { ChunkContext } from './chunk-context.js'
import { likelyFits } from './fit.js'
import type { Outline } from './outline.js'
import { isBare, sectionEnd } from './outline.js'

/** Neighbouring sections that are packed together. */
export interface SectionGroup {
  readonly start: number
  readonly end: number
  /** Its first section. */
  readonly section: number
  readonly level: number
  /** Section whose heading is open throughout, -1 for none. */
  readonly shared: number
  readonly tokens: number
}

export interface GroupLimits {
  /** Most tokens of a merged group, context counted. */
  readonly softTokens: number
  /** Groups below this are merged with a neighbour that fits; 0 for never. */
  readonly minTokens: number
}

/**
 * Groups of sections in order. A bare heading goes with its first subsection. A small group takes in the
 * sections behind it, as long as they are its own subsections or siblings and the whole fits; one that stays
 * small joins the group before it on the same terms. Each group is yielded once it can no longer change.
 */
export function* sectionGroups(
  outline: Outline,
  ruler: Ruler,
  limits: GroupLimits,
  contextOf: (section: number) => ChunkContext,
): Generator<SectionGroup> {
  let settled: SectionGroup | undefined
  let growing: SectionGroup | undefined
  for (let section = 0; section < outline.starts.length; ) {
    const [unit, next] = unitAt(outline, ruler, section)
    section = next
    if (unit === undefined) continue
    const joined = growing && growing.tokens < limits.minTokens ? join(growing, unit) : undefined
    if (joined) {
      growing = joined
      continue
    }
    if (growing) {
      const back = settled && growing.tokens < limits.minTokens ? join(settled, growing) : undefined
      if (settled && !back) yield settled
      settled = back ?? growing
    }
    growing = unit
  }
  const back = settled && growing && growing.tokens < limits.minTokens ? join(settled, growing) : undefined
  if (back) yield back
  else {
    if (settled) yield settled
    if (growing) yield growing
  }

  /** Both in one, if `next` belongs under the same parent and the two fit. */
  function join(group: SectionGroup, next: SectionGroup): SectionGroup | undefined {
    if (next.level < group.level) return undefined
    const shared = next.level > group.level ? group.shared : outline.parents[group.section]!
    const room = limits.softTokens - contextOf(shared).tokens
    if (!likelyFits(ruler, group.start, next.end, room)) return undefined
    const { start, section, level } = group
    return { start, end: next.end, section, level, shared, tokens: ruler.count(start, next.end) }
  }
}

/** The section with the bare headings that lead to it, and the index of the next; no unit where all is blank. */
function unitAt(outline: Outline, ruler: Ruler, section: number): [SectionGroup | undefined, number] {
  const { text, starts, levels } = outline
  let last = section
  while (
    section > 0 &&
    last + 1 < starts.length &&
    levels[last + 1]! > levels[last]! &&
    isBare(outline, last)
  ) {
    last++
  }
  const classes = characterClasses()
  const limit = sectionEnd(outline, last)
  const start = skipBlanks(text, starts[section]!, limit, classes)
  const end = trimBlanks(text, start, limit, classes)
  if (start === end) return [undefined, last + 1]
  const shared = section === 0 ? -1 : section
  const unit = { start, end, section, level: levels[section]!, shared, tokens: ruler.count(start, end) }
  return [unit, last + 1]
}
