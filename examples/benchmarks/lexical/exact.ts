/** A text as its terms; `length` counts places, which terms may share. */
export interface TermList {
  readonly terms: readonly string[]
  readonly length: number
}

export interface Exact {
  /** Of each query, every text that has one of its terms, with its score. */
  readonly scores: readonly ReadonlyMap<number, number>[]
  /** Of each query, the best ten scores, best first. */
  readonly best: readonly (readonly number[])[]
}

/** BM25 as its formula is written, over plain maps: k1 = 1.2, b = 0.75, idf with 1 inside the logarithm. */
export function exactScores(texts: Iterable<TermList>, queries: readonly (readonly string[])[]): Exact {
  const postings = new Map<string, Map<number, number>>(queries.flat().map((term) => [term, new Map()]))
  const lengths: number[] = []
  for (const { terms, length } of texts) {
    const text = lengths.length
    for (const term of terms) {
      const frequencies = postings.get(term)
      if (frequencies !== undefined) frequencies.set(text, (frequencies.get(text) ?? 0) + 1)
    }
    lengths.push(length)
  }
  const total = lengths.length
  const average = lengths.reduce((sum, length) => sum + length, 0) / total
  const scores = queries.map((terms) => {
    const sums = new Map<number, number>()
    for (const term of terms) {
      const frequencies = postings.get(term)!
      const idf = Math.log(1 + (total - frequencies.size + 0.5) / (frequencies.size + 0.5))
      for (const [text, frequency] of frequencies) {
        const norm = 1.2 * (1 - 0.75 + (0.75 * lengths[text]!) / average)
        sums.set(text, (sums.get(text) ?? 0) + (idf * frequency) / (frequency + norm))
      }
    }
    return sums
  })
  const best = scores.map((sums) => Float64Array.from(sums.values()).sort().reverse().slice(0, 10))
  return { scores, best: best.map((list) => Array.from(list)) }
}

/** Share of the best ten that were found; a text that scores as much as the tenth is as good as it. */
export function overlap(exact: Exact, ids: readonly (readonly number[])[]): number {
  let found = 0
  let wanted = 0
  for (let query = 0; query < exact.best.length; query++) {
    const best = exact.best[query]!
    if (best.length === 0) continue
    const least = best[best.length - 1]! * (1 - 1e-6)
    wanted += best.length
    found += new Set(ids[query]!.filter((id) => (exact.scores[query]!.get(id) ?? 0) >= least)).size
  }
  return found / wanted
}

/** The largest difference between a score given and the exact one of the text, as a share of the best score. */
export function scoreError(
  exact: Exact,
  ids: readonly (readonly number[])[],
  scores: readonly (readonly number[])[],
): number {
  let worst = 0
  for (let query = 0; query < exact.best.length; query++) {
    for (let rank = 0; rank < exact.best[query]!.length; rank++) {
      const truth = exact.scores[query]!.get(ids[query]![rank] ?? -1) ?? 0
      const given = scores[query]![rank] ?? Number.POSITIVE_INFINITY
      worst = Math.max(worst, Math.abs(given - truth) / exact.best[query]![0]!)
    }
  }
  return worst
}
