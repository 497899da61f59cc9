import { checkInteger, checkNumber, RagError } from '@tesserae/core'
import { binTable } from './bins.js'
import { growTree } from './grow-tree.js'
import { Lambdas, meanNdcg } from './lambdas.js'
import {
  addTree,
  type LinearRankingModel,
  type RankingTree,
  scoreRows,
  type TreeRankingModel,
} from './model.js'
import { seeded } from './random.js'
import { type Table, type TrainingSet, tableOf } from './training-set.js'

export interface LambdaMartOptions {
  /** @default 100 */
  readonly trees?: number | undefined
  /** @default 8 */
  readonly leavesPerTree?: number | undefined
  /** What a tree gives is multiplied with this. @default 0.1 */
  readonly learningRate?: number | undefined
  /** @default 20 */
  readonly minRowsPerLeaf?: number | undefined
  /** How strongly leaves are drawn to zero. @default 1 */
  readonly l2?: number | undefined
  /** Share of the features that each tree may use, drawn anew. @default 1 */
  readonly featureShare?: number | undefined
  /** The metric to win is nDCG at this rank. @default 10 */
  readonly cutoff?: number | undefined
  /**
   * A linear model of the same features that the trees correct, instead of beginning from nothing. With few queries
   * this is what keeps the trees from losing what a weighted sum knows. @default none
   */
  readonly startFrom?: LinearRankingModel | undefined
  /** Other queries to watch: trees after the best of them are thrown away. @default none */
  readonly validation?: TrainingSet | undefined
  /** Trees without a better nDCG on `validation` after which training ends. @default 20 */
  readonly patience?: number | undefined
  /** Same seed, same data, same model. @default 1 */
  readonly seed?: number | undefined
}

/**
 * LambdaMART: boosted regression trees, each fitted to what would raise nDCG most, leaves by one Newton step. Learns
 * bends and combinations that a linear ranker cannot, and needs more queries than that to do so; give `validation`.
 *
 * Wu, Burges, Svore and Gao, "Adapting boosting for information retrieval measures", 2010.
 */
export function trainLambdaMart(set: TrainingSet, options: LambdaMartOptions = {}): TreeRankingModel {
  const table = tableOf('set', set)
  const count = checkInteger('trees', options.trees ?? 100)
  const learningRate = checkNumber('learningRate', options.learningRate ?? 0.1, Number.MIN_VALUE)
  const cutoff = checkInteger('cutoff', options.cutoff ?? 10)
  const patience = checkInteger('patience', options.patience ?? 20)
  const random = seeded(checkInteger('seed', options.seed ?? 1, 0))
  const growth = {
    leaves: checkInteger('leavesPerTree', options.leavesPerTree ?? 8, 2),
    minRows: checkInteger('minRowsPerLeaf', options.minRowsPerLeaf ?? 20),
    l2: checkNumber('l2', options.l2 ?? 1, 0),
    featureShare: checkNumber('featureShare', options.featureShare ?? 1, Number.MIN_VALUE, 1),
    random,
  }
  const watched = options.validation === undefined ? undefined : tableOf('validation', options.validation)
  const { startFrom } = options
  for (const [name, other] of [
    ['validation', watched],
    ['startFrom', startFrom],
  ] as const) {
    if (other === undefined || other.names.join('\0') === table.names.join('\0')) continue
    throw new RagError(
      'incompatible',
      `\`${name}\` must have the features ${table.names.join(', ')}, got ${other.names.join(', ')}.`,
    )
  }

  const { rows, width, values, grades, starts, names } = table
  const binned = binTable(table)
  const lambdas = new Lambdas(cutoff)
  const scores = startFrom === undefined ? new Float64Array(rows) : scoreRows(startFrom, values)
  const gradients = new Float64Array(rows)
  const curvatures = new Float64Array(rows)
  const watchedScores =
    startFrom === undefined || watched === undefined
      ? new Float64Array(watched?.rows ?? 0)
      : scoreRows(startFrom, watched.values)
  const trees: RankingTree[] = []
  const watch = ({ grades, starts }: Table) => meanNdcg(watchedScores, grades, starts, cutoff)
  // Without a beginning, no trees are no order: then one tree is the least.
  const first = startFrom === undefined || watched === undefined ? Number.NEGATIVE_INFINITY : watch(watched)
  let best = { ndcg: first, trees: 0 }
  for (let round = 0; round < count; round++) {
    for (let query = 0; query + 1 < starts.length; query++)
      lambdas.compute(scores, grades, starts[query]!, starts[query + 1]!, gradients, curvatures)
    const tree = growTree(binned, gradients, curvatures, growth, learningRate)
    if (tree === undefined) break
    trees.push(tree)
    addTree(tree, values, width, scores)
    if (watched === undefined) continue
    addTree(tree, watched.values, width, watchedScores)
    const ndcg = watch(watched)
    if (ndcg > best.ndcg) best = { ndcg, trees: trees.length }
    else if (trees.length - best.trees >= patience) break
  }
  return {
    kind: 'trees',
    names,
    ...(startFrom !== undefined && { weights: startFrom.weights }),
    trees: watched === undefined ? trees : trees.slice(0, best.trees),
  }
}
