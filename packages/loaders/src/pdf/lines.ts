import { ITEM_NUMBERS, type PdfPage } from './worker-source.js'

/** A run of text on one baseline, in the frame where the text runs from left to right. */
export interface Run {
  text: string
  left: number
  right: number
  /** Baseline, measured downwards. */
  baseline: number
  size: number
  readonly rightToLeft: boolean
  /** Quarter turns of the text against the page, 0 to 3. */
  readonly turn: number
}

/** Gaps in multiples of the font size: below the first letters touch, above the second another column begins. */
const WORD_GAP = 0.15
const COLUMN_GAP = 1
/** Baselines closer than this are one line: superscripts and subscripts stay in it. */
const BASELINE_SHIFT = 0.35

/**
 * Joins the items of a page in content order to runs: an item continues the run before it when it lies on the
 * same baseline right behind it. Gaps between words become single spaces.
 */
export function runsOf(page: PdfPage): Run[] {
  const runs: Run[] = []
  let last: Run | undefined
  let spaced = false
  for (let item = 0; item < page.texts.length; item++) {
    const text = cleaned(page.texts[item]!)
    if (!/\S/.test(text)) {
      spaced ||= text !== ''
      continue
    }
    const next = runAt(page, item, text)
    if (last !== undefined && continues(last, next)) {
      const gap = next.rightToLeft ? last.left - next.right : next.left - last.right
      const space = spaced || gap > WORD_GAP * Math.min(last.size, next.size)
      last.text += (space && !last.text.endsWith(' ') && !text.startsWith(' ') ? ' ' : '') + text
      last.left = Math.min(last.left, next.left)
      last.right = Math.max(last.right, next.right)
      if (next.size > last.size) {
        last.size = next.size
        last.baseline = next.baseline
      }
    } else {
      runs.push(next)
      last = next
    }
    spaced = false
  }
  for (const run of runs) run.text = run.text.trim()
  return runs
}

/** Control characters come from fonts without a usable mapping; blanks of all widths are spaces. */
function cleaned(text: string): string {
  return text.replace(/[\0-\x08\x0e-\x1f\x7f-\x9f]/g, '').replace(/[\s\u00a0]+/g, ' ')
}

function runAt(page: PdfPage, item: number, text: string): Run {
  const at = item * ITEM_NUMBERS
  const { numbers } = page
  const x = numbers[at]!
  const y = numbers[at + 1]!
  const dx = numbers[at + 2]!
  const dy = numbers[at + 3]!
  const size = Math.hypot(numbers[at + 4]!, numbers[at + 5]!) || numbers[at + 7]! || 1
  const vertical = numbers[at + 8] === 1
  const length = Math.abs(vertical ? numbers[at + 7]! : numbers[at + 6]!)
  // Vertical writing runs down the page: a quarter turn, in columns from right to left.
  const turn = vertical ? 1 : ((Math.round(Math.atan2(dy, dx) / (Math.PI / 2)) % 4) + 4) % 4
  const [along, across] = [
    [x, y],
    [y, page.width - x],
    [page.width - x, page.height - y],
    [page.height - y, x],
  ][turn] as [number, number]
  return {
    text,
    left: along,
    right: along + length,
    baseline: across,
    size,
    rightToLeft: numbers[at + 9] === 1,
    turn,
  }
}

function continues(last: Run, next: Run): boolean {
  if (last.turn !== next.turn) return false
  const size = Math.max(last.size, next.size)
  if (Math.abs(last.baseline - next.baseline) > BASELINE_SHIFT * size) return false
  const gap = next.rightToLeft && last.rightToLeft ? last.left - next.right : next.left - last.right
  return gap > -size && gap < COLUMN_GAP * size
}
