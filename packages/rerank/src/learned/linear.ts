import { checkInteger, checkNumber } from '@tesserae/core'
import { Lambdas } from './lambdas.js'
import type { LinearRankingModel } from './model.js'
import { seeded, shuffle } from './random.js'
import { type Table, type TrainingSet, tableOf } from './training-set.js'

export interface LinearRankerOptions {
  /** Passes over the queries. @default 100 */
  readonly epochs?: number | undefined
  /** @default 0.1 */
  readonly learningRate?: number | undefined
  /** How strongly weights are drawn to zero. @default 0.001 */
  readonly l2?: number | undefined
  /** The metric to win is nDCG at this rank. @default 10 */
  readonly cutoff?: number | undefined
  /** Same seed, same data, same model. @default 1 */
  readonly seed?: number | undefined
}

/**
 * A weight per feature, learned from pairs: LambdaRank with a linear scorer, a query a step, steps by AdaGrad (Duchi,
 * Hazan and Singer, JMLR 2011). Features are brought to one scale first and the weights given back in the features'
 * own units. With few queries or few features this is the one to begin with: it cannot learn by heart.
 */
export function trainLinearRanker(set: TrainingSet, options: LinearRankerOptions = {}): LinearRankingModel {
  const table = tableOf('set', set)
  const epochs = checkInteger('epochs', options.epochs ?? 100)
  const learningRate = checkNumber('learningRate', options.learningRate ?? 0.1, Number.MIN_VALUE)
  const l2 = checkNumber('l2', options.l2 ?? 0.001, 0)
  const lambdas = new Lambdas(checkInteger('cutoff', options.cutoff ?? 10))
  const random = seeded(checkInteger('seed', options.seed ?? 1, 0))
  const { width, rows, grades, starts } = table
  const scales = deviations(table)

  const weights = new Float64Array(width)
  const slopes = new Float64Array(width)
  const squares = new Float64Array(width).fill(1e-8)
  const scores = new Float64Array(rows)
  const gradients = new Float64Array(rows)
  const curvatures = new Float64Array(rows)
  const order = Uint32Array.from({ length: starts.length - 1 }, (_, query) => query)
  const sum = new Float64Array(width)
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random)
    for (const query of order) {
      const start = starts[query]!
      const end = starts[query + 1]!
      scoreQuery(table, weights, scales, scores, start, end)
      lambdas.compute(scores, grades, start, end, gradients, curvatures)
      for (let column = 0; column < width; column++) {
        let slope = -l2 * weights[column]!
        for (let row = start; row < end; row++)
          slope += gradients[row]! * table.values[row * width + column]! * scales[column]!
        slopes[column] = slope
      }
      for (let column = 0; column < width; column++) {
        squares[column] = squares[column]! + slopes[column]! ** 2
        weights[column] = weights[column]! + (learningRate * slopes[column]!) / Math.sqrt(squares[column]!)
      }
    }
    // The last half is averaged: single steps jump around the optimum.
    if (epoch * 2 >= epochs)
      for (let column = 0; column < width; column++) sum[column] = sum[column]! + weights[column]!
  }
  const averaged = epochs - Math.ceil(epochs / 2)
  const final = averaged === 0 ? weights : sum.map((total) => total / averaged)
  return {
    kind: 'linear',
    names: table.names,
    weights: Array.from(final, (weight, column) => weight * scales[column]!),
  }
}

function scoreQuery(
  { values, width }: Table,
  weights: Float64Array,
  scales: Float64Array,
  scores: Float64Array,
  start: number,
  end: number,
): void {
  for (let row = start; row < end; row++) {
    let score = 0
    for (let column = 0; column < width; column++)
      score += weights[column]! * values[row * width + column]! * scales[column]!
    scores[row] = score
  }
}

/** 1 / standard deviation of each column over all rows; 0 for one that never changes. A shift would cancel out in pairs. */
function deviations({ values, width, rows }: Table): Float64Array {
  const scales = new Float64Array(width)
  for (let column = 0; column < width; column++) {
    let mean = 0
    for (let row = 0; row < rows; row++) mean += values[row * width + column]! / rows
    let variance = 0
    for (let row = 0; row < rows; row++) variance += (values[row * width + column]! - mean) ** 2 / rows
    scales[column] = variance > 1e-24 ? 1 / Math.sqrt(variance) : 0
  }
  return scales
}
