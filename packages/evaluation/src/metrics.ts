import { checkInteger, RagError } from '@tesserae/core'
import type { Relevance } from './relevance.js'

/**
 * A figure for one query. `ranked` holds document ids, best first, each at most once; `relevance` holds the
 * grades. Every metric here lies in [0, 1] and is 0 when nothing is relevant.
 */
export type Metric = (ranked: readonly string[], relevance: Relevance) => number

/** How much a grade is worth: `linear` is the grade itself, `exponential` is 2^grade − 1. */
export type Gain = 'linear' | 'exponential'

function isRelevant(relevance: Relevance, id: string): boolean {
  return (relevance.get(id) ?? 0) > 0
}

function countRelevant(relevance: Relevance): number {
  let count = 0
  for (const grade of relevance.values()) if (grade > 0) count++
  return count
}

function hitsWithin(ranked: readonly string[], relevance: Relevance, k: number): number {
  let hits = 0
  for (let i = 0; i < Math.min(k, ranked.length); i++) if (isRelevant(relevance, ranked[i]!)) hits++
  return hits
}

/** 1 when a relevant document is among the first k, else 0. */
export function hitRateAt(k: number): Metric {
  checkInteger('k', k)
  return (ranked, relevance) => (hitsWithin(ranked, relevance, k) > 0 ? 1 : 0)
}

/** Reciprocal rank of the first relevant document among the first k; its mean over queries is MRR@k. */
export function reciprocalRankAt(k: number): Metric {
  checkInteger('k', k)
  return (ranked, relevance) => {
    for (let i = 0; i < Math.min(k, ranked.length); i++)
      if (isRelevant(relevance, ranked[i]!)) return 1 / (i + 1)
    return 0
  }
}

/** Share of the relevant documents that are among the first k. */
export function recallAt(k: number): Metric {
  checkInteger('k', k)
  return (ranked, relevance) => {
    const total = countRelevant(relevance)
    return total === 0 ? 0 : hitsWithin(ranked, relevance, k) / total
  }
}

/** Share of k places that hold a relevant document; places left empty count as misses. */
export function precisionAt(k: number): Metric {
  checkInteger('k', k)
  return (ranked, relevance) => hitsWithin(ranked, relevance, k) / k
}

/** Harmonic mean of precision and recall among the first k. */
export function f1At(k: number): Metric {
  const precision = precisionAt(k)
  const recall = recallAt(k)
  return (ranked, relevance) => {
    const p = precision(ranked, relevance)
    const r = recall(ranked, relevance)
    return p + r === 0 ? 0 : (2 * p * r) / (p + r)
  }
}

/** Mean of the precisions at the ranks of relevant documents, over all relevant documents; k cuts the list (trec_eval's map_cut). */
export function averagePrecisionAt(k: number): Metric {
  checkInteger('k', k)
  return (ranked, relevance) => {
    const total = countRelevant(relevance)
    return total === 0 ? 0 : precisionSum(ranked, relevance, k) / total
  }
}

/**
 * Mean of the precisions at the ranks of relevant documents, over the relevant documents **found**: the
 * rank-aware context precision of RAGAS (Es et al. 2023). It does not punish what was missed.
 */
export function contextPrecisionAt(k: number): Metric {
  checkInteger('k', k)
  return (ranked, relevance) => {
    const found = hitsWithin(ranked, relevance, k)
    return found === 0 ? 0 : precisionSum(ranked, relevance, k) / found
  }
}

function precisionSum(ranked: readonly string[], relevance: Relevance, k: number): number {
  let hits = 0
  let sum = 0
  for (let i = 0; i < Math.min(k, ranked.length); i++) {
    if (!isRelevant(relevance, ranked[i]!)) continue
    hits++
    sum += hits / (i + 1)
  }
  return sum
}

function gainOf(grade: number, gain: Gain): number {
  if (grade <= 0) return 0
  return gain === 'linear' ? grade : 2 ** grade - 1
}

/** Discounted cumulative gain, Σ gain(grade at rank i) / log2(i + 1) (Järvelin and Kekäläinen 2002). Not bounded by 1. */
export function discountedCumulativeGain(grades: readonly number[], gain: Gain = 'linear'): number {
  let sum = 0
  for (let i = 0; i < grades.length; i++) sum += gainOf(grades[i]!, gain) / Math.log2(i + 2)
  return sum
}

/** nDCG@k: the discounted cumulative gain of the first k over that of the best possible order. @param gain @default 'linear' */
export function ndcgAt(k: number, gain: Gain = 'linear'): Metric {
  checkInteger('k', k)
  return (ranked, relevance) => {
    const ideal = [...relevance.values()].sort((a, b) => b - a).slice(0, k)
    const best = discountedCumulativeGain(ideal, gain)
    if (best === 0) return 0
    const grades = ranked.slice(0, k).map((id) => relevance.get(id) ?? 0)
    return discountedCumulativeGain(grades, gain) / best
  }
}

/** Throws `duplicate-id` when a ranking names a document twice: every metric here would count it twice. */
export function checkRanking(queryId: string, ranked: readonly string[]): void {
  const seen = new Set<string>()
  for (const id of ranked) {
    if (seen.has(id)) {
      throw new RagError(
        'duplicate-id',
        `The ranking of query "${queryId}" holds document "${id}" twice. A ranking lists each document once: keep the best place.`,
        { details: { queryId, id } },
      )
    }
    seen.add(id)
  }
}
