import type { Run } from './lines.js'

/** Lines of one column in reading order. */
export type Column = readonly (readonly Run[])[]

/** Smallest gutter between columns, in multiples of the usual font size. */
const GUTTER = 0.6
/** Share of lines that may run across a gutter: titles, figures, page headers. */
const MAX_CROSSING = 0.35
/** Lines of prose are longer than cells of a table, in characters. */
const PROSE_LENGTH = 14
const MIN_COLUMN_LINES = 3
const MAX_DEPTH = 6
const BUCKETS = 1024
/** Pages of more runs are drawings or attacks: columns are not looked for. */
const MAX_RUNS = 5000

/**
 * Cuts runs into columns in reading order. Where a vertical strip is free of text but for a few lines across
 * it, and prose stands on both sides, each stretch between those lines is read left column first. Otherwise the
 * runs are one column, read line by line.
 */
export function columnsOf(runs: readonly Run[], depth = 0): Column[] {
  if (runs.length === 0) return []
  const cut = depth < MAX_DEPTH ? findGutter(runs) : undefined
  if (cut === undefined) return [linesOf(runs)]
  const columns: Column[] = []
  let band: Run[] = []
  let across: Run[] = []
  const flush = (): void => {
    columns.push(
      ...columnsOf(
        band.filter((run) => middle(run) < cut),
        depth + 1,
      ),
    )
    columns.push(
      ...columnsOf(
        band.filter((run) => middle(run) >= cut),
        depth + 1,
      ),
    )
    band = []
    if (across.length > 0) columns.push(linesOf(across))
    across = []
  }
  for (const run of [...runs].sort((a, b) => a.baseline - b.baseline)) {
    const crossing = crosses(run, cut)
    if (crossing ? band.length > 0 : across.length > 0) flush()
    if (crossing) across.push(run)
    else band.push(run)
  }
  flush()
  return columns
}

function middle(run: Run): number {
  return (run.left + run.right) / 2
}

function crosses(run: Run, x: number): boolean {
  return run.left < x && run.right > x
}

/** Middle of the best gutter: crossed by fewest runs, then widest. */
function findGutter(runs: readonly Run[]): number | undefined {
  if (runs.length < 2 * MIN_COLUMN_LINES || runs.length > MAX_RUNS) return undefined
  let left = Number.POSITIVE_INFINITY
  let right = Number.NEGATIVE_INFINITY
  for (const run of runs) {
    left = Math.min(left, run.left)
    right = Math.max(right, run.right)
  }
  const width = (right - left) / BUCKETS
  if (!(width > 0)) return undefined
  const changes = new Int32Array(BUCKETS + 2)
  for (const run of runs) {
    changes[Math.max(0, Math.floor((run.left - left) / width))]!++
    changes[Math.min(BUCKETS, Math.ceil((run.right - left) / width))]!--
  }
  const covered = new Int32Array(BUCKETS)
  for (let bucket = 0, open = 0; bucket < BUCKETS; bucket++) {
    open += changes[bucket]!
    covered[bucket] = open
  }
  const minimum = GUTTER * medianSize(runs)
  const limit = Math.floor(runs.length * MAX_CROSSING)
  let best: { readonly x: number; readonly crossing: number; readonly width: number } | undefined
  for (let bucket = Math.floor(BUCKETS * 0.1); bucket < BUCKETS * 0.9; bucket++) {
    const crossing = covered[bucket]!
    // A strip begins where fewer runs lie than before.
    if (crossing > limit || crossing >= covered[bucket - 1]!) continue
    let end = bucket + 1
    while (end < BUCKETS && covered[end]! <= crossing) end++
    const gap = (end - bucket) * width
    const better =
      best === undefined || crossing < best.crossing || (crossing === best.crossing && gap > best.width)
    if (gap < minimum || !better) continue
    const x = left + ((bucket + end) / 2) * width
    if (separatesProse(runs, x)) best = { x, crossing, width: gap }
  }
  return best?.x
}

/** Several lines of prose on both sides, next to each other. */
function separatesProse(runs: readonly Run[], x: number): boolean {
  const sides = [runs.filter((run) => run.right <= x), runs.filter((run) => run.left >= x)]
  const spans = sides.map((side) => {
    const lengths = side.map((run) => run.text.length).sort((a, b) => a - b)
    const baselines = side.map((run) => run.baseline)
    const lines = new Set(baselines.map((baseline) => Math.round(baseline))).size
    return {
      prose: lines >= MIN_COLUMN_LINES && lengths[lengths.length >> 1]! >= PROSE_LENGTH,
      top: baselines.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
      bottom: baselines.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    }
  })
  const [a, b] = [spans[0]!, spans[1]!]
  if (!a.prose || !b.prose) return false
  const overlap = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  return overlap > 0.4 * Math.min(a.bottom - a.top, b.bottom - b.top)
}

export function medianSize(runs: readonly Run[]): number {
  const sizes = runs.map((run) => run.size).sort((a, b) => a - b)
  return sizes[sizes.length >> 1] ?? 1
}

/** Runs on about the same baseline, from left to right, or from right to left where most of them run so. */
function linesOf(runs: readonly Run[]): Run[][] {
  const sorted = [...runs].sort((a, b) => a.baseline - b.baseline || a.left - b.left)
  const lines: Run[][] = []
  let line: Run[] = []
  let reference = 0
  for (const run of sorted) {
    const tolerance = 0.4 * Math.min(run.size, line[0]?.size ?? run.size)
    if (line.length > 0 && run.baseline - reference > tolerance) {
      lines.push(line)
      line = []
    }
    if (line.length === 0) reference = run.baseline
    line.push(run)
  }
  if (line.length > 0) lines.push(line)
  for (const each of lines) {
    const rightToLeft = each.filter((run) => run.rightToLeft).length * 2 > each.length
    each.sort((a, b) => (rightToLeft ? b.right - a.right : a.left - b.left))
  }
  return lines
}
