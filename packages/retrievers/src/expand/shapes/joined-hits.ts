import {
  type Chunk,
  compileFilter,
  type Explanation,
  explainHit,
  type Filter,
  type Hit,
  type Metadata,
  type RetrieveOptions,
  type Retriever,
  type StageScore,
} from '@tesserae/core'

/** A chunk that came in behind a hit, or in its place. */
export interface Follower<M extends Metadata> {
  readonly chunk: Chunk<M>
  readonly score: number
  /** The hit's trace, with what led to the chunk. */
  readonly trace: readonly StageScore[]
  /** The hit that led to it, itself for a hit. */
  readonly from: Hit<M>
  /** How far the score has faded on the way. */
  readonly steps: number
}

/** Followers joined: the hits, and by their ids what each of them is. */
export interface Joined<M extends Metadata, F = Follower<M>> {
  readonly hits: readonly Hit<M>[]
  readonly best: ReadonlyMap<string, F>
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
export function joinedHits<M extends Metadata, F extends Hit<M> = Follower<M>>(
  followers: readonly F[],
  stage: string,
): Joined<M, F> {
  const best = new Map<string, F>()
  for (const follower of followers) {
    const known = best.get(follower.chunk.id)
    if (known === undefined || follower.score > known.score) best.set(follower.chunk.id, follower)
  }
  const sorted = [...best.values()].sort((a, b) => b.score - a.score || (a.chunk.id < b.chunk.id ? -1 : 1))
  const hits = sorted.map(({ chunk, score, trace }, index) => {
    const kind = trace.at(-1)?.kind ?? 'feature'
    return { chunk, score, trace: [...trace, { stage, kind, rank: index + 1, score }] }
  })
  return { hits, best }
}

/** What a follower's score is made of: the score of the hit that led to it, less for every step. */
export async function explainFollower<M extends Metadata>(
  { chunk, score, trace, from, steps }: Follower<M>,
  { name, decay }: { readonly name: string; readonly decay: number },
  search: { readonly retriever: Retriever<M>; readonly query: string; readonly call: RetrieveOptions },
): Promise<Explanation> {
  const tree = await explainHit(search.retriever, search.query, from, search.call)
  const way = chunk.id === from.chunk.id ? name : (trace.at(-1)?.stage ?? name)
  const what = `"${way}"${chunk.id === from.chunk.id ? '' : `, by chunk "${from.chunk.id}"`}`
  if (steps === 0) return { value: score, description: `${what}: unchanged`, details: [tree] }
  const formula = from.score >= 0 ? 'score × decay ^ steps' : 'score / decay ^ steps'
  return {
    value: score,
    description: `${what}: ${formula}`,
    details: [
      { value: from.score, description: 'score, of the hit: unchanged', details: [tree] },
      { value: decay, description: 'decay', details: [] },
      { value: steps, description: 'steps', details: [] },
    ],
  }
}
