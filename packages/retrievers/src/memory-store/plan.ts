/**
 * How a search with a filter is run:
 * `nothing`: no candidate, no search. `everything`: the filter lets all pass, so it is left out.
 * `scan`: every candidate is scored. `filtered`: the index searches with an acceptance test.
 */
export type SearchPlan = 'nothing' | 'everything' | 'scan' | 'filtered'

export interface PlanInput {
  /** Entries of the index that pass the filter. */
  readonly candidates: number
  /** Entries of the index. */
  readonly total: number
  /** Hits asked for. */
  readonly limit: number
  /** Whether the index can score given candidates exactly without a walk. */
  readonly canScan: boolean
}

/**
 * Share of an approximate index below which scoring every candidate beats a filtered walk: the walk meets
 * hardly any accepted neighbour and has to wander.
 */
const scanShare = 0.02
/** So few candidates that a scan costs less than starting a walk. */
const scanCount = 256

/** Few survivors: score them all. Many: search with an acceptance test. */
export function planSearch({ candidates, total, limit, canScan }: PlanInput): SearchPlan {
  if (candidates === 0) return 'nothing'
  const few = candidates <= limit || candidates <= scanCount || candidates <= total * scanShare
  if (canScan && few) return 'scan'
  return candidates === total ? 'everything' : 'filtered'
}
