export interface WalkPlanInput {
  /** Entries that may be returned. */
  readonly allowed: number
  /** Nodes of the graph, dead ones included. */
  readonly nodes: number
  /** Beam width that finds enough when everything is allowed. */
  readonly ef: number
}

/** Vectors that a walk scores for each entry of its beam, in vectors that a scan scores in the same time. */
const scoredPerEntry = 12

/**
 * Beam width of a walk, or `undefined` when scoring every allowed entry is cheaper. The nearest `ef` allowed lie
 * among the nearest ef · nodes / allowed of all, if the filter is not related to the query.
 */
export function planWalk({ allowed, nodes, ef }: WalkPlanInput): number | undefined {
  if (allowed <= ef) return undefined
  const wide = Math.ceil((ef * nodes) / allowed)
  return wide * scoredPerEntry >= allowed ? undefined : wide
}
