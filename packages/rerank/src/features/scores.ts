import { type Chunk, checkOneOf, embeddingText } from '@tesserae/core'
import { minMax } from '../blend.js'
import type { Feature } from './feature.js'

export interface PriorFeatureOptions {
  /** Scores scaled to 0–1 over the hits of the query, or 1 / rank by them, or as they are. @default 'min-max' */
  readonly scale?: 'min-max' | 'rank' | 'raw' | undefined
  /** @default 'prior' */
  readonly name?: string | undefined
}

/** The score that a hit came with. */
export function priorFeature(options: PriorFeatureOptions = {}): Feature {
  const { name = 'prior' } = options
  const scale = checkOneOf('scale', options.scale ?? 'min-max', ['min-max', 'rank', 'raw'])
  return {
    name,
    values: (_query, hits) =>
      scaled(
        hits.map(({ score }) => score),
        scale,
      ),
  }
}

export interface StageFeatureOptions extends PriorFeatureOptions {
  /** Name of a stage as traces tell it: a retriever's leg, a reranker. */
  readonly stage: string
}

/**
 * The score that a certain stage gave, read from the trace; the last one when it ran more than once. A hit without
 * it counts as the worst that has one, in `raw` as 0.
 */
export function stageFeature(options: StageFeatureOptions): Feature {
  const { stage, name = options.stage } = options
  const scale = checkOneOf('scale', options.scale ?? 'min-max', ['min-max', 'rank', 'raw'])
  return {
    name,
    values(_query, hits) {
      const found = hits.map(({ trace }) => trace.findLast((entry) => entry.stage === stage)?.score)
      const worst = found.reduce<number | undefined>(
        (least, score) => (score !== undefined && (least === undefined || score < least) ? score : least),
        undefined,
      )
      if (worst === undefined) return new Float64Array(hits.length)
      return scaled(
        found.map((score) => score ?? (scale === 'raw' ? 0 : worst)),
        scale,
      )
    },
  }
}

function scaled(scores: readonly number[], scale: 'min-max' | 'rank' | 'raw'): ArrayLike<number> {
  if (scale === 'raw') return scores
  if (scale === 'min-max') return minMax(scores)
  const sorted = Float64Array.from(scores).sort()
  // Equal scores share the best of their ranks, so that the order of the hits does not matter.
  return scores.map((score) => 1 / (sorted.length - lastAtMost(sorted, score)))
}

/** Place of the last element that is at most `value`. */
function lastAtMost(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (sorted[middle]! <= value) low = middle
    else high = middle - 1
  }
  return low
}

export interface FieldMatchOptions {
  /** What is compared with the query. @default embeddingText: context, then text */
  readonly textOf?: ((chunk: Chunk) => string) | undefined
  /** Words of a text, as they are compared. @default runs of letters and digits in lower case */
  readonly wordsOf?: ((text: string) => readonly string[]) | undefined
  readonly name: string
}

/**
 * The share of the query's words that a part of the chunk has: its headings, a title field, its text. A word that
 * few of the hits have counts more, by log(1 + hits / hits with it).
 */
export function fieldMatchFeature(options: FieldMatchOptions): Feature {
  const { name, textOf = embeddingText, wordsOf = plainWords } = options
  return {
    name,
    values(query, hits) {
      const asked = [...new Set(wordsOf(query))]
      const texts = hits.map(({ chunk }) => new Set(wordsOf(textOf(chunk))))
      const worth = asked.map((word) => {
        const having = texts.reduce((count, text) => count + (text.has(word) ? 1 : 0), 0)
        return Math.log(1 + hits.length / Math.max(1, having))
      })
      const whole = worth.reduce((sum, value) => sum + value, 0)
      return texts.map((text) => {
        if (whole === 0) return 0
        return asked.reduce((sum, word, place) => sum + (text.has(word) ? worth[place]! : 0), 0) / whole
      })
    },
  }
}

function plainWords(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
}
