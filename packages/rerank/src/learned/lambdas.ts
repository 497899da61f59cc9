/**
 * What each hit of one query should gain: for every pair of different grades, how much nDCG@k would change if they
 * swapped places, times how wrong the scores are about the pair. Gains are 2^grade − 1, discounts 1 / log2(1 + rank).
 *
 * Burges, "From RankNet to LambdaRank to LambdaMART: an overview", MSR-TR-2010-82, sections 3 and 7.
 */
export class Lambdas {
  private readonly cutoff: number
  private order = new Uint32Array(0)
  private rankOf = new Uint32Array(0)

  constructor(cutoff: number) {
    this.cutoff = cutoff
  }

  /**
   * Writes the gradient (uphill) and the second derivative of rows `start` to `end`.
   */
  compute(
    scores: Float64Array,
    grades: Float64Array,
    start: number,
    end: number,
    gradients: Float64Array,
    curvatures: Float64Array,
  ): void {
    const best = bestGain(grades.subarray(start, end), this.cutoff)
    for (let row = start; row < end; row++) {
      gradients[row] = 0
      curvatures[row] = 0
    }
    if (best === 0) return
    this.rank(scores, start, end)
    const { order, rankOf, cutoff } = this
    const count = end - start
    // At least one of the pair is above the cutoff: below it a swap changes nothing.
    for (let rank = 0; rank < Math.min(cutoff, count); rank++) {
      const i = order[rank]!
      for (let other = rank + 1; other < count; other++) {
        const j = order[other]!
        if (grades[i] === grades[j]) continue
        const [better, worse] = grades[i]! > grades[j]! ? [i, j] : [j, i]
        const gain = 2 ** grades[better]! - 2 ** grades[worse]!
        const here = discount(rank)
        const there = rankOf[j - start]! < cutoff ? discount(other) : 0
        const change = (gain * (here - there)) / best
        const doubt = 1 / (1 + Math.exp(scores[better]! - scores[worse]!))
        const force = change * doubt
        const curvature = force * (1 - doubt)
        gradients[better] = gradients[better]! + force
        gradients[worse] = gradients[worse]! - force
        curvatures[better] = curvatures[better]! + curvature
        curvatures[worse] = curvatures[worse]! + curvature
      }
    }
  }

  private rank(scores: Float64Array, start: number, end: number): void {
    const count = end - start
    this.order = Uint32Array.from({ length: count }, (_, place) => start + place)
    this.order.sort((a, b) => scores[b]! - scores[a]! || a - b)
    if (this.rankOf.length < count) this.rankOf = new Uint32Array(count)
    for (let rank = 0; rank < count; rank++) this.rankOf[this.order[rank]! - start] = rank
  }
}

const discount = (rank: number): number => 1 / Math.log2(rank + 2)

function bestGain(grades: Float64Array, cutoff: number): number {
  const sorted = grades.slice().sort().reverse()
  let sum = 0
  for (let rank = 0; rank < Math.min(cutoff, sorted.length); rank++)
    sum += (2 ** sorted[rank]! - 1) * discount(rank)
  return sum
}

/** Mean nDCG@cutoff of scores over all queries of a table; gains 2^grade − 1, equal scores in order of rows. */
export function meanNdcg(
  scores: Float64Array,
  grades: Float64Array,
  starts: Uint32Array,
  cutoff: number,
): number {
  let total = 0
  for (let query = 0; query + 1 < starts.length; query++) {
    const start = starts[query]!
    const end = starts[query + 1]!
    const order = Uint32Array.from({ length: end - start }, (_, place) => start + place)
    order.sort((a, b) => scores[b]! - scores[a]! || a - b)
    let sum = 0
    for (let rank = 0; rank < Math.min(cutoff, order.length); rank++)
      sum += (2 ** grades[order[rank]!]! - 1) * discount(rank)
    total += sum / bestGain(grades.subarray(start, end), cutoff)
  }
  return total / (starts.length - 1)
}
