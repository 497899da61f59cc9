import { RagError } from '@tesserae/core'

/** Score = Σ weight · value. */
export interface LinearRankingModel {
  readonly kind: 'linear'
  readonly names: readonly string[]
  readonly weights: readonly number[]
}

/**
 * A regression tree as parallel lists. Node n goes on to `left[n]` when the value of feature `feature[n]` is at most
 * `threshold[n]`, otherwise to `right[n]`; a leaf has feature −1 and gives `value[n]`. Children come after parents.
 */
export interface RankingTree {
  readonly feature: readonly number[]
  readonly threshold: readonly number[]
  readonly left: readonly number[]
  readonly right: readonly number[]
  readonly value: readonly number[]
}

/** Score = Σ weight · value, if there are weights, + Σ of what each tree gives. */
export interface TreeRankingModel {
  readonly kind: 'trees'
  readonly names: readonly string[]
  readonly trees: readonly RankingTree[]
  /** Of the linear model that the trees correct. @default none */
  readonly weights?: readonly number[] | undefined
}

/** Plain data: `JSON.stringify` saves it, `parseRankingModel(JSON.parse(text))` reads it. */
export type RankingModel = LinearRankingModel | TreeRankingModel

/** One score per row; `values` is row-major with a column for each of the model's names. */
export function scoreRows(model: RankingModel, values: ArrayLike<number>): Float64Array {
  const width = model.names.length
  const scores = new Float64Array(values.length / width)
  const { weights } = model
  if (weights !== undefined) {
    for (let row = 0, at = 0; row < scores.length; row++) {
      let score = 0
      for (let column = 0; column < width; column++, at++) score += weights[column]! * values[at]!
      scores[row] = score
    }
  }
  if (model.kind === 'trees') for (const tree of model.trees) addTree(tree, values, width, scores)
  return scores
}

/** Adds what a tree gives to each row. */
export function addTree(
  tree: RankingTree,
  values: ArrayLike<number>,
  width: number,
  scores: Float64Array,
): void {
  const { feature, threshold, left, right, value } = tree
  for (let row = 0, at = 0; row < scores.length; row++, at += width) {
    let node = 0
    while (feature[node]! >= 0) {
      node = values[at + feature[node]!]! <= threshold[node]! ? left[node]! : right[node]!
    }
    scores[row] = scores[row]! + value[node]!
  }
}

/**
 * Checks a model that was stored.
 *
 * @throws RagError `corrupt-data` when it is not a model that can be used: wrong lists, numbers, or trees with a loop.
 */
export function parseRankingModel(value: unknown): RankingModel {
  if (!isObject(value)) throw corrupt('must be an object')
  const { kind, names } = value
  if (!isList(names, isString) || names.length === 0 || new Set(names).size !== names.length) {
    throw corrupt('must have distinct `names`')
  }
  const { weights } = value
  if (
    (kind === 'linear' || weights !== undefined) &&
    (!isList(weights, isFiniteNumber) || weights.length !== names.length)
  ) {
    throw corrupt('must have a finite weight for each name')
  }
  const own = isList(weights, isFiniteNumber) ? [...weights] : undefined
  if (kind === 'linear' && own !== undefined) return { kind, names: [...names], weights: own }
  if (kind !== 'trees') throw corrupt('must have the kind "linear" or "trees"')
  const { trees } = value
  if (!Array.isArray(trees)) throw corrupt('must have a list of trees')
  return {
    kind,
    names: [...names],
    ...(own !== undefined && { weights: own }),
    trees: trees.map((tree, place) => parseTree(tree, place, names.length)),
  }
}

function parseTree(tree: unknown, place: number, width: number): RankingTree {
  if (!isObject(tree)) throw corrupt(`tree ${place} must be an object`)
  const { feature, threshold, left, right, value } = tree
  const lists = [feature, threshold, left, right, value]
  if (
    !isList(feature, isFiniteNumber) ||
    !isList(threshold, isFiniteNumber) ||
    !isList(left, isFiniteNumber) ||
    !isList(right, isFiniteNumber) ||
    !isList(value, isFiniteNumber) ||
    feature.length === 0 ||
    lists.some((list) => Array.isArray(list) && list.length !== feature.length)
  ) {
    throw corrupt(`tree ${place} must have lists of finite numbers, all of one length`)
  }
  for (const [node, one] of feature.entries()) {
    if (one === -1) continue
    const children = [left[node]!, right[node]!]
    const inside = (child: number) => Number.isInteger(child) && child > node && child < feature.length
    if (!Number.isInteger(one) || one < 0 || one >= width || !children.every(inside)) {
      throw corrupt(`tree ${place} has a node ${node} that leads nowhere`)
    }
  }
  return {
    feature: [...feature],
    threshold: [...threshold],
    left: [...left],
    right: [...right],
    value: [...value],
  }
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null
const isString = (value: unknown): value is string => typeof value === 'string'
const isFiniteNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value)
const isList = <T>(value: unknown, test: (item: unknown) => item is T): value is readonly T[] =>
  Array.isArray(value) && value.every(test)

function corrupt(rule: string): RagError {
  return new RagError(
    'corrupt-data',
    `A ranking model ${rule}. Was it made by \`trainLinearRanker\` or \`trainLambdaMart\`?`,
  )
}
