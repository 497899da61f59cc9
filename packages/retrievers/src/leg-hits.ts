import type { Hit, Metadata, Ranked, StageScore } from '@tesserae/core'

/** Ranked chunks of a store as hits with their first trace entry. */
export function toHits<M extends Metadata>(
  ranked: readonly Ranked<M>[],
  stage: string,
  kind: StageScore['kind'],
): readonly Hit<M>[] {
  return ranked.map(({ chunk, score }, index) => ({
    chunk,
    score,
    trace: [{ stage, kind, rank: index + 1, score }],
  }))
}
