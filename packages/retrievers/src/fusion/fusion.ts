import { invalid, RagError, type StageScore } from '@tesserae/core'
import { checkWeights, equalWeights, scaleToOne } from './weights.js'

/** One entry of a ranked list, best first. */
export interface RankedItem {
  readonly id: string
  readonly score: number
}

/** What one list's hits are worth before their weight, all lists on a common scale. */
export interface LegValues {
  /** One number per hit, in the order of the list. */
  readonly values: Float64Array
  /** What an item that is not in the list is worth. */
  readonly missing: number
  /** The formula with its numbers filled in, for explanations. */
  readonly formula: string
}

/**
 * How ranked lists become one: each list is brought to a common scale by itself, then the values of an item
 * are added up with a weight per list. Everything this library fuses with has this form, so every fused
 * score can be taken apart again.
 */
export interface Fusion {
  readonly name: string
  /** Weights fixed when the fusion was made, one per list. */
  readonly weights?: readonly number[] | undefined
  /** Whether weights are divided by their sum, so that fused values keep the range of the legs' values. */
  readonly convex: boolean
  /**
   * Weights when nobody gave any, for what made the lists and, if they are known, the query and what each list's maker says
   * it is worth beside a text search. @default the same for each list
   */
  readonly defaultWeights?:
    | ((
        kinds: readonly LegKind[],
        query?: string,
        shares?: readonly (number | undefined)[],
      ) => readonly number[])
    | undefined
  /** Whether `valuesOf` has the weight in its values, which are then added up as they are. @default false */
  readonly weighsValues?: boolean | undefined
  /**
   * @param scores raw scores of one list, best first, all finite. Not kept, not changed.
   * @param weight the list's, above 0; for those that weigh their values
   * @param list what else is known of the list, for those that scale by it
   */
  valuesOf(scores: Float64Array, weight: number, list?: ListFacts): LegValues
}

/** What is known of a list beside its scores. */
export interface ListFacts {
  /** What made it. */
  readonly kind?: LegKind
  /** Whether it may go on: as many hits were asked for as it has. @default false */
  readonly isCut?: boolean | undefined
}

/** What made a list; `undefined` when it is not known. */
export type LegKind = StageScore['kind'] | undefined

export interface FuseOptions {
  /** One per list, at least 0, at least one above 0. A list of weight 0 has no influence. @default the fusion's own */
  readonly weights?: readonly number[] | undefined
  /** What made each list, for default weights and for scales that go by it. @default unknown */
  readonly kinds?: readonly LegKind[] | undefined
  /** What each list's maker says its hits are worth beside a text search, 0 to 1, for default weights. @default unknown */
  readonly shares?: readonly (number | undefined)[] | undefined
  /** Hits that each list was asked for: one that has as many may go on. @default unknown: none does */
  readonly asked?: number | undefined
  /** What was searched for, for default weights that go by it. @default unknown */
  readonly query?: string | undefined
  /** At most this many items. @default all */
  readonly limit?: number | undefined
}

export interface FusedItem {
  readonly id: string
  readonly score: number
  /** Index of the item in each list, −1 where the list does not have it or has weight 0. */
  readonly positions: readonly number[]
}

/** The weights `fuse` multiplies with: chosen, checked, and scaled to one when the fusion is convex. */
export function resolveWeights(fusion: Fusion, lists: number, options: FuseOptions = {}): readonly number[] {
  const kinds = options.kinds ?? new Array<LegKind>(lists).fill(undefined)
  const chosen =
    options.weights ??
    fusion.weights ??
    fusion.defaultWeights?.(kinds, options.query, options.shares) ??
    equalWeights(lists)
  checkWeights('weights', chosen, lists)
  return fusion.convex ? scaleToOne(chosen) : chosen
}

/**
 * Fuses ranked lists into one: union of the lists, best first, equal scores by ascending id.
 *
 * The score of an item is the sum over the lists, in their order, of weight × value; of value alone for a fusion that weighs its values. Throws
 * `invalid-argument` for weights that do not fit or scores that are not finite, `duplicate-id` when a list
 * holds an item twice.
 */
export function fuse(
  lists: readonly (readonly RankedItem[])[],
  fusion: Fusion,
  options: FuseOptions = {},
): readonly FusedItem[] {
  const weights = resolveWeights(fusion, lists.length, options)
  const { ids, positions } = join(lists, weights)
  const totals = new Float64Array(ids.length)
  for (let list = 0; list < lists.length; list++) {
    const weight = weights[list]!
    if (weight === 0) continue
    const { values, missing } = fusion.valuesOf(scoresOf(lists[list]!), weight, {
      kind: options.kinds?.[list],
      isCut: lists[list]!.length >= (options.asked ?? Number.POSITIVE_INFINITY),
    })
    const factor = fusion.weighsValues ? 1 : weight
    const places = positions[list]!
    for (let item = 0; item < totals.length; item++) {
      const place = places[item]!
      totals[item]! += factor * (place < 0 ? missing : values[place]!)
    }
  }
  const order = new Uint32Array(ids.length)
  for (let item = 0; item < order.length; item++) order[item] = item
  order.sort((a, b) => totals[b]! - totals[a]! || (ids[a]! < ids[b]! ? -1 : 1))

  const kept = Math.min(order.length, options.limit ?? order.length)
  const fused: FusedItem[] = []
  for (let rank = 0; rank < kept; rank++) {
    const item = order[rank]!
    fused.push({ id: ids[item]!, score: totals[item]!, positions: positions.map((places) => places[item]!) })
  }
  return fused
}

/** Raw scores of a list as a typed array. */
export function scoresOf(list: readonly RankedItem[]): Float64Array {
  const scores = new Float64Array(list.length)
  for (let i = 0; i < list.length; i++) scores[i] = list[i]!.score
  return scores
}

/** Numbers the distinct ids of all lists that have a say, and notes where each list has them. */
function join(
  lists: readonly (readonly RankedItem[])[],
  weights: readonly number[],
): { ids: readonly string[]; positions: readonly Int32Array[] } {
  const items = new Map<string, number>()
  const ids: string[] = []
  const itemsOfList = lists.map((list, index) => {
    const numbers = new Int32Array(weights[index] === 0 ? 0 : list.length)
    for (let place = 0; place < numbers.length; place++) {
      const { id, score } = list[place]!
      if (!Number.isFinite(score)) invalid(`lists[${index}][${place}].score`, 'a finite number', score)
      let item = items.get(id)
      if (item === undefined) {
        item = ids.push(id) - 1
        items.set(id, item)
      }
      numbers[place] = item
    }
    return numbers
  })
  const positions = itemsOfList.map((numbers, index) => {
    const places = new Int32Array(ids.length).fill(-1)
    for (let place = 0; place < numbers.length; place++) {
      const item = numbers[place]!
      if (places[item] !== -1) {
        throw new RagError(
          'duplicate-id',
          `List ${index} holds "${ids[item]}" twice. A ranked list names each item once.`,
        )
      }
      places[item] = place
    }
    return places
  })
  return { ids, positions }
}
