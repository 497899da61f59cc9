import type { Content, Phase } from './scenario.js'

/** A phase, the store it begins with, and what an uninterrupted run makes of it. */
export interface Stage {
  readonly phase: Phase
  /** Path of the store before the phase; undefined before the first. */
  readonly base: string | undefined
  readonly before: Content
  readonly after: Content
  /** Of the driver, and time they take, in an uninterrupted run. */
  readonly operations: number
  readonly milliseconds: number
}

export interface Damage {
  readonly lost: number
  readonly duplicated: number
  /** Chunks, searches and checks that are not as they must be. */
  readonly corrupt: number
}

/**
 * What must hold in the middle of a run: what is in both states is there, every chunk is as in one of the two states,
 * and documents that were acknowledged are as they shall be.
 */
export function unfinished({ before, after }: Stage, now: Content, acknowledged: readonly string[]): Damage {
  let lost = 0
  let corrupt = 0
  let duplicated = now.repeated
  const done = new Set(acknowledged)
  for (const [id, chunk] of now.chunks) {
    if (chunk !== before.chunks.get(id) && chunk !== after.chunks.get(id)) corrupt += 1
    const isStale = !after.chunks.has(id)
    if (isStale && done.has(now.documentOf.get(id)!)) duplicated += 1
  }
  for (const [id, chunk] of after.chunks) {
    if (done.has(after.documentOf.get(id)!)) {
      if (now.chunks.get(id) !== chunk) lost += 1
    } else if (before.chunks.has(id) && !now.chunks.has(id)) lost += 1
  }
  return { lost, duplicated, corrupt }
}

/** What must hold at the end: nothing differs, in no chunk and in no search. */
export function differences(expected: Content, now: Content): Damage {
  let lost = 0
  let duplicated = now.repeated
  let corrupt = 0
  for (const [id, chunk] of expected.chunks) {
    const found = now.chunks.get(id)
    if (found === undefined) lost += 1
    else if (found !== chunk) corrupt += 1
  }
  for (const id of now.chunks.keys()) if (!expected.chunks.has(id)) duplicated += 1
  if (now.searches !== expected.searches) corrupt += 1
  return { lost, duplicated, corrupt }
}
