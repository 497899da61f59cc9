import type { BinnedTable } from './bins.js'
import type { RankingTree } from './model.js'
import { shuffle } from './random.js'

export interface Growth {
  readonly leaves: number
  readonly minRows: number
  readonly l2: number
  readonly featureShare: number
  readonly random: () => number
}

interface Split {
  readonly gain: number
  readonly feature: number
  /** Rows in bins up to this go left. */
  readonly bin: number
}

interface Leaf {
  readonly node: number
  /** Rows `start` to `end` of the list of rows are in it. */
  readonly start: number
  readonly end: number
  readonly gradient: number
  readonly curvature: number
  readonly split: Split | undefined
}

/**
 * Grows a tree leaf by leaf, always the one whose split gains most, by histograms of gradients (Ke et al.,
 * "LightGBM", NeurIPS 2017); gain and leaf values as in Chen and Guestrin, "XGBoost", KDD 2016, equations 5 and 7.
 * Undefined when nothing can be split.
 */
export function growTree(
  table: BinnedTable,
  gradients: Float64Array,
  curvatures: Float64Array,
  growth: Growth,
  learningRate: number,
): RankingTree | undefined {
  const rows = Uint32Array.from({ length: table.rows }, (_, row) => row)
  const spare = new Uint32Array(table.rows)
  const features = drawFeatures(table.width, growth)
  const tree = { feature: [-1], threshold: [0], left: [0], right: [0], value: [0] }
  const leafOf = (node: number, start: number, end: number): Leaf => {
    let gradient = 0
    let curvature = 0
    for (let at = start; at < end; at++) {
      gradient += gradients[rows[at]!]!
      curvature += curvatures[rows[at]!]!
    }
    const mass = curvature + growth.l2
    tree.value[node] = mass > 0 ? (learningRate * gradient) / mass : 0
    const leaf = { node, start, end, gradient, curvature }
    return { ...leaf, split: bestSplit(table, rows, leaf, features, gradients, curvatures, growth) }
  }

  const leaves: Leaf[] = [leafOf(0, 0, table.rows)]
  while (leaves.length < growth.leaves) {
    let best = -1
    for (const [place, { split }] of leaves.entries()) {
      if (split !== undefined && (best < 0 || split.gain > leaves[best]!.split!.gain)) best = place
    }
    if (best < 0) break
    const { node, start, end, split } = leaves[best]!
    const { feature, bin } = split!
    const middle = partition(table, rows, spare, start, end, feature, bin)
    const left = tree.feature.length
    tree.feature[node] = feature
    tree.threshold[node] = table.edges[feature]![bin]!
    tree.left[node] = left
    tree.right[node] = left + 1
    for (let child = 0; child < 2; child++) {
      tree.feature.push(-1)
      tree.threshold.push(0)
      tree.left.push(0)
      tree.right.push(0)
      tree.value.push(0)
    }
    leaves[best] = leafOf(left, start, middle)
    leaves.push(leafOf(left + 1, middle, end))
  }
  return leaves.length === 1 ? undefined : tree
}

function drawFeatures(width: number, { featureShare, random }: Growth): Uint32Array {
  const all = Uint32Array.from({ length: width }, (_, feature) => feature)
  if (featureShare === 1) return all
  shuffle(all, random)
  return all.subarray(0, Math.max(1, Math.round(width * featureShare))).sort()
}

function bestSplit(
  table: BinnedTable,
  rows: Uint32Array,
  leaf: Omit<Leaf, 'split'>,
  features: Uint32Array,
  gradients: Float64Array,
  curvatures: Float64Array,
  { minRows, l2 }: Growth,
): Split | undefined {
  const { start, end, gradient, curvature } = leaf
  if (end - start < 2 * minRows) return undefined
  const whole = worth(gradient, curvature, l2)
  let best: Split | undefined
  const sums = new Float64Array(256)
  const curves = new Float64Array(256)
  const counts = new Uint32Array(256)
  for (const feature of features) {
    const cuts = table.edges[feature]!.length
    if (cuts === 0) continue
    sums.fill(0)
    curves.fill(0)
    counts.fill(0)
    const offset = feature * table.rows
    for (let at = start; at < end; at++) {
      const row = rows[at]!
      const bin = table.bins[offset + row]!
      sums[bin] = sums[bin]! + gradients[row]!
      curves[bin] = curves[bin]! + curvatures[row]!
      counts[bin] = counts[bin]! + 1
    }
    let sum = 0
    let curve = 0
    let count = 0
    for (let bin = 0; bin < cuts; bin++) {
      sum += sums[bin]!
      curve += curves[bin]!
      count += counts[bin]!
      if (count < minRows) continue
      if (end - start - count < minRows) break
      const gain = worth(sum, curve, l2) + worth(gradient - sum, curvature - curve, l2) - whole
      if (gain > 1e-12 && (best === undefined || gain > best.gain)) best = { gain, feature, bin }
    }
  }
  return best
}

/** G² / (H + l2); 0 where there is nothing. */
function worth(gradient: number, curvature: number, l2: number): number {
  const mass = curvature + l2
  return mass > 0 ? (gradient * gradient) / mass : 0
}

/** Rows of the leaf in bins up to `bin` first, each side in the order it had. Returns where the others begin. */
function partition(
  table: BinnedTable,
  rows: Uint32Array,
  spare: Uint32Array,
  start: number,
  end: number,
  feature: number,
  bin: number,
): number {
  const offset = feature * table.rows
  let left = start
  let right = 0
  for (let at = start; at < end; at++) {
    const row = rows[at]!
    if (table.bins[offset + row]! <= bin) rows[left++] = row
    else spare[right++] = row
  }
  rows.set(spare.subarray(0, right), left)
  return left
}
