import type { Analyzer } from '../../analysis/analyzer.js'
import { analyze } from '../../analysis/analyzer.js'

/** Weights by term, as the analyzer writes terms. */
export type TermWeights = ReadonlyMap<string, number>

/** A document of the first search, with its terms counted. */
export interface FeedbackDocument {
  readonly score: number
  readonly counts: TermWeights
}

/** What tells common terms from telling ones: a `Bm25Index` does. */
export interface TermStatistics {
  /** Documents in all. */
  readonly size: number
  documentFrequency(term: string): number
}

/** A word that gives a term, by term: what a query is written with. */
export type Words = Map<string, string>

/** Counts the terms of a text and notes, for terms not seen before, a word that gives each of them alone. */
export function countTerms(text: string, analyzer: Analyzer, words: Words): TermWeights {
  const counts = new Map<string, number>()
  for (const term of analyze(analyzer, text)) {
    counts.set(term.text, (counts.get(term.text) ?? 0) + 1)
    if (words.has(term.text)) continue
    const word = text.slice(term.start, term.end)
    const own = analyzer.terms(word)
    words.set(term.text, own.length === 1 ? word : term.text)
  }
  return counts
}

/**
 * RM3: the query's model mixed with the relevance model of the documents found, P(w) = λ P(w|Q) + (1 − λ) Σ P(w|d) P(d|Q),
 * where P(w|d) is a term's share of the document and P(d|Q) the document's share of the scores. The relevance model is cut
 * to its best terms and scaled to one first.
 *
 * Lavrenko and Croft, "Relevance-based language models", SIGIR 2001; Abdul-Jaleel et al., "UMass at TREC 2004: novelty and
 * HARD", TREC 2004.
 */
export function relevanceModel(
  query: TermWeights,
  documents: readonly FeedbackDocument[],
  { terms, originalWeight, isTelling }: ModelSettings,
): TermWeights {
  const shares = scoreShares(documents)
  const model = new Map<string, number>()
  for (const [index, { counts }] of documents.entries()) {
    const kept = [...counts].filter(([term]) => isTelling(term))
    let length = 0
    for (const [, count] of kept) length += count
    for (const [term, count] of kept) {
      model.set(term, (model.get(term) ?? 0) + (shares[index]! * count) / length)
    }
  }
  return mixed(scaled(query), scaled(bestTerms(model, terms)), originalWeight, 1 - originalWeight)
}

/**
 * Rocchio's feedback from documents taken to be relevant: q' = λ q + (1 − λ) · mean of the documents' vectors, all of
 * unit length, of tf · idf where statistics are known. The mean is cut to its best terms first.
 *
 * Rocchio, "Relevance feedback in information retrieval", in Salton (ed.), The SMART retrieval system, 1971.
 */
export function rocchio(
  query: TermWeights,
  documents: readonly FeedbackDocument[],
  { terms, originalWeight, isTelling, idf }: ModelSettings,
): TermWeights {
  const mean = new Map<string, number>()
  for (const { counts } of documents) {
    const kept = [...counts].filter(([term]) => isTelling(term))
    const vector = unit(new Map(kept.map(([term, count]) => [term, count * idf(term)])))
    for (const [term, weight] of vector) mean.set(term, (mean.get(term) ?? 0) + weight / documents.length)
  }
  // The search multiplies by idf again: it is for choosing terms, not for weighing them twice.
  const best = new Map([...bestTerms(mean, terms)].map(([term, weight]) => [term, weight / idf(term)]))
  return mixed(unit(query), unit(best), originalWeight, 1 - originalWeight)
}

export interface ModelSettings {
  /** Terms of the documents at most. */
  readonly terms: number
  /** The query's share, λ. */
  readonly originalWeight: number
  /** Whether a term may be added. */
  readonly isTelling: (term: string) => boolean
  readonly idf: (term: string) => number
}

/** Shares of the scores; by rank when not all are positive, since then they are no probabilities. */
function scoreShares(documents: readonly FeedbackDocument[]): readonly number[] {
  const positive = documents.every(({ score }) => score > 0)
  const parts = documents.map(({ score }, index) => (positive ? score : 1 / (index + 1)))
  const sum = parts.reduce((total, part) => total + part, 0)
  return parts.map((part) => part / sum)
}

/** The heaviest terms; equal ones in the order of their code units. */
function bestTerms(weights: TermWeights, count: number): TermWeights {
  const sorted = [...weights].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return new Map(sorted.slice(0, count))
}

function scaled(weights: TermWeights): TermWeights {
  let sum = 0
  for (const weight of weights.values()) sum += weight
  return sum === 0 ? weights : new Map([...weights].map(([term, weight]) => [term, weight / sum]))
}

function unit(weights: TermWeights): TermWeights {
  let squares = 0
  for (const weight of weights.values()) squares += weight * weight
  const length = Math.sqrt(squares)
  return length === 0 ? weights : new Map([...weights].map(([term, weight]) => [term, weight / length]))
}

function mixed(a: TermWeights, b: TermWeights, shareOfA: number, shareOfB: number): TermWeights {
  const sum = new Map<string, number>()
  for (const [term, weight] of a) sum.set(term, shareOfA * weight)
  for (const [term, weight] of b) sum.set(term, (sum.get(term) ?? 0) + shareOfB * weight)
  return sum
}

/**
 * A bag of words that says each term as often as it weighs, about `length` words in all: lexical indexes count how often
 * a query says a word, so this is a weighted query that any of them takes as a string.
 */
export function weightedText(weights: TermWeights, words: Words, length: number): string {
  let sum = 0
  for (const weight of weights.values()) sum += weight
  const said: string[] = []
  for (const [term, weight] of weights) {
    const times = Math.round((weight / sum) * length)
    for (let i = 0; i < times; i++) said.push(words.get(term) ?? term)
  }
  return said.join(' ')
}
