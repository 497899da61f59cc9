import {
  type Chunk,
  compileFilter,
  type Filter,
  type Hit,
  type Metadata,
  type StageScore,
} from '@tesserae/core'

/** A chunk that came in behind a hit, or in its place. */
export interface Follower<M extends Metadata> {
  readonly chunk: Chunk<M>
  readonly score: number
  /** The hit's trace, with what led to the chunk. */
  readonly trace: readonly StageScore[]
}

/** Whether a chunk that no search found may be shown to a caller with this filter. */
export function admission<M extends Metadata>(filter: Filter | undefined): (chunk: Chunk<M>) => boolean {
  if (filter === undefined) return () => true
  const passes = compileFilter(filter)
  return ({ metadata }) => passes(metadata)
}

/** What a score is worth `steps` away from the hit that has it: always less, whatever its sign. */
export function faded(score: number, decay: number, steps: number): number {
  const factor = decay ** steps
  return score >= 0 ? score * factor : score / factor
}

/** Each chunk once with its best score, best first, equal scores by id; the stage's own entry ends each trace. */
export function joinedHits<M extends Metadata>(
  followers: readonly Follower<M>[],
  stage: string,
): readonly Hit<M>[] {
  const best = new Map<string, Follower<M>>()
  for (const follower of followers) {
    const known = best.get(follower.chunk.id)
    if (known === undefined || follower.score > known.score) best.set(follower.chunk.id, follower)
  }
  const sorted = [...best.values()].sort((a, b) => b.score - a.score || (a.chunk.id < b.chunk.id ? -1 : 1))
  return sorted.map(({ chunk, score, trace }, index) => {
    const kind = trace.at(-1)?.kind ?? 'feature'
    return { chunk, score, trace: [...trace, { stage, kind, rank: index + 1, score }] }
  })
}
