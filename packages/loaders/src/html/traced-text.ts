import { OriginRuns } from './origin-runs.js'

/** Text of a page before blanks collapse, and where each part of it lies in the source. */
export interface TracedText {
  readonly text: string
  /** Where the text begins in the source. */
  readonly start: number
  /** `undefined` when the source reads the same. */
  readonly runs: OriginRuns | undefined
}

/** Texts one after the other as one; a string is an insertion. */
export function joinTraced(parts: readonly (TracedText | string)[]): TracedText {
  const first = parts.find((part) => typeof part !== 'string')
  const start = first?.start ?? 0
  if (parts.length === 1 && first !== undefined) return first
  const runs = new OriginRuns(start)
  const texts: string[] = []
  for (const part of parts) {
    if (typeof part === 'string') {
      runs.add(part.length, 0)
      texts.push(part)
    } else {
      copySpan(part, 0, part.text.length, runs)
      texts.push(part.text)
    }
  }
  return { text: texts.join(''), start, runs }
}

/** Index of the run that holds the character at `offset`. */
function runAt(offsets: readonly number[], offset: number): number {
  let low = 0
  let high = offsets.length - 1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (offsets[middle]! <= offset) low = middle
    else high = middle
  }
  return low
}

/** Appends the characters from `from` to `to` to `target`, each with its own origin. */
export function copySpan(traced: TracedText, from: number, to: number, target: OriginRuns): void {
  const { start, runs } = traced
  if (from >= to) return
  if (runs === undefined) {
    target.addFrom(to - from, start + from, start + to)
    return
  }
  const { offsets, origins } = runs
  for (let run = runAt(offsets, from); run + 1 < offsets.length && offsets[run]! < to; run++) {
    const begin = Math.max(from, offsets[run]!)
    const end = Math.min(to, offsets[run + 1]!)
    if (begin >= end) continue
    const origin = origins[run]!
    const originEnd = origins[run + 1]!
    if (origin === originEnd) target.add(end - begin, 0)
    else if (originEnd - origin === offsets[run + 1]! - offsets[run]!) {
      const shift = origin - offsets[run]!
      target.addFrom(end - begin, begin + shift, end + shift)
    } else target.addFrom(end - begin, origin, originEnd)
  }
}

/** Where the source of the character at `from` begins. */
export function sourceStart(traced: TracedText, from: number): number {
  if (traced.runs === undefined) return traced.start + from
  const { offsets, origins } = traced.runs
  const run = runAt(offsets, from)
  const isCopy = offsets[run + 1]! - offsets[run]! === origins[run + 1]! - origins[run]!
  return isCopy ? origins[run]! + from - offsets[run]! : origins[run]!
}

/** Where the source of the character before `to` ends. */
export function sourceEnd(traced: TracedText, to: number): number {
  if (traced.runs === undefined) return traced.start + to
  const { offsets, origins } = traced.runs
  const run = runAt(offsets, to - 1)
  const isCopy = offsets[run + 1]! - offsets[run]! === origins[run + 1]! - origins[run]!
  return isCopy ? origins[run]! + to - offsets[run]! : origins[run + 1]!
}
