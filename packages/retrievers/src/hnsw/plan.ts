import type { Quantization } from '../wasm/quantize.js'

export interface WalkPlanInput {
  /** Entries that may be returned. */
  readonly allowed: number
  /** Nodes of the graph, dead ones included. */
  readonly nodes: number
  /** Beam width that finds enough when everything is allowed. */
  readonly ef: number
  /** What a walk compares. @default 'none' */
  readonly quantization?: Quantization | undefined
}

/**
 * What a walk costs, in vectors that a scan scores by floats in the same time: to begin with, and for each entry of its
 * beam. Measured on 20,000 and 100,000 vectors of 384 dimensions; walks on codes score faster, the scan does not.
 */
const walkCosts: { readonly [quantization in Quantization]: { start: number; entry: number } } = {
  none: { start: 1000, entry: 8 },
  int8: { start: 600, entry: 5 },
  binary: { start: 500, entry: 5 },
}

/**
 * Beam width of a walk, or `undefined` when scoring every allowed entry is cheaper. The nearest `ef` allowed lie
 * among the nearest ef · nodes / allowed of all, if the filter is not related to the query.
 */
export function planWalk({ allowed, nodes, ef, quantization = 'none' }: WalkPlanInput): number | undefined {
  if (allowed <= ef) return undefined
  const wide = Math.ceil((ef * nodes) / allowed)
  const { start, entry } = walkCosts[quantization]
  return start + wide * entry >= allowed ? undefined : wide
}

/**
 * Allowed entries that a filtered walk has to meet before its best `wanted` are believed: a beam is less complete towards
 * its end, and there they lie when the filter passes what is far from the query.
 */
export function neededHits(wanted: number, allowed: number): number {
  return Math.min(allowed, Math.ceil(wanted * 1.25) + 2)
}
