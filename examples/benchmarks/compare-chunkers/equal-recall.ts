import { clusterChunker, recursiveChunker, sentenceChunker } from '@tesserae/chunkers'
import type { TiktokenTokenizer } from '@tesserae/chunkers/tiktoken'
import type { Embedder } from '@tesserae/core'
import { seededRandom } from '@tesserae/core/testing'
import type { ChunkCorpus } from './corpus.js'
import { firstReaching, quadraticFit } from './curve.js'
import { type Measured, measure, type RetrieverName, retrieverNames } from './measure.js'
import { referenceCluster } from './reference-chunkers.js'
import type { Strategy } from './strategies.js'

/*
 * Recall is bought with size, and it jumps: five tokens more in the cap move the recall of 220 questions by two or
 * three points to either side. A single setting is a draw from that noise. So each chunker is measured at many
 * sizes, recall, ln IoU and ln precision-omega are smoothed over ln size by a quadratic each, and the smooth
 * curves are compared at the recall that the published setting has on its own smooth curve.
 */

/** One chunker at one size. One figure a question, over all corpora. */
export interface Setting {
  readonly size: number
  readonly recall: readonly number[]
  readonly iou: readonly number[]
  readonly omega: readonly number[]
}

export interface Family {
  readonly name: string
  /** Ascending sizes, three at least. */
  readonly settings: readonly Setting[]
}

export interface RatioInterval {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface EqualRecall {
  readonly recall: number
  /** The size of the family at this recall. */
  readonly size: number
  readonly iou: { readonly here: number; readonly there: number; readonly ratio: RatioInterval }
  readonly omega: { readonly here: number; readonly there: number; readonly ratio: RatioInterval }
}

const resamples = 1000

/**
 * A family beside the published setting of `publishedSize`, at its recall; undefined when the family does not get
 * there with any size that was measured. Intervals: 95 % bootstrap over the questions, the same drawn for both, the
 * curves fitted anew each time.
 */
export function atEqualRecall(
  family: Family,
  published: Family,
  publishedSize: number,
): EqualRecall | undefined {
  const ours = smoother(family)
  const theirs = smoother(published)
  const questions = family.settings[0]!.recall.length
  const at = Math.log(publishedSize)
  const [low, high] = [ours.xs[0]!, ours.xs.at(-1)!]
  const compare = (weights: ArrayLike<number>) => {
    const there = theirs.fit(weights)
    const here = ours.fit(weights)
    const recall = there.recall.at(at)
    const x = firstReaching(here.recall, recall, low, high)
    const place = x ?? high
    return {
      reached: x !== undefined,
      recall,
      size: Math.exp(place),
      iou: { here: Math.exp(here.iou.at(place)), there: Math.exp(there.iou.at(at)) },
      omega: { here: Math.exp(here.omega.at(place)), there: Math.exp(there.omega.at(at)) },
    }
  }
  const { reached, recall, size, iou, omega } = compare(new Float64Array(questions).fill(1))
  if (!reached) return undefined
  const random = seededRandom(1)
  const iouRatios = new Float64Array(resamples)
  const omegaRatios = new Float64Array(resamples)
  for (let i = 0; i < resamples; i++) {
    const weights = new Float64Array(questions)
    for (let drawn = 0; drawn < questions; drawn++) weights[random.integer(0, questions - 1)]! += 1
    const one = compare(weights)
    iouRatios[i] = one.iou.here / one.iou.there
    omegaRatios[i] = one.omega.here / one.omega.there
  }
  return {
    recall,
    size,
    iou: { ...iou, ratio: interval(iou.here / iou.there, iouRatios) },
    omega: { ...omega, ratio: interval(omega.here / omega.there, omegaRatios) },
  }
}

function interval(value: number, ratios: Float64Array): RatioInterval {
  ratios.sort()
  return {
    value,
    low: ratios[Math.floor(0.025 * ratios.length)]!,
    high: ratios[Math.ceil(0.975 * ratios.length) - 1]!,
  }
}

function smoother({ settings }: Family) {
  const xs = settings.map(({ size }) => Math.log(size))
  const through = quadraticFit(xs)
  const means = (figures: (setting: Setting) => readonly number[], weights: ArrayLike<number>) =>
    settings.map((setting) => weightedMean(figures(setting), weights))
  return {
    xs,
    fit: (weights: ArrayLike<number>) => ({
      recall: through(means((setting) => setting.recall, weights)),
      iou: through(means((setting) => setting.iou, weights).map(Math.log)),
      omega: through(means((setting) => setting.omega, weights).map(Math.log)),
    }),
  }
}

const drawnPoints = 40

/** The smooth curve of a family from its smallest size to its largest: recall and precision-omega. */
export function smoothCurve(family: Family): (readonly [recall: number, omega: number])[] {
  const { xs, fit } = smoother(family)
  const { recall, omega } = fit(new Float64Array(family.settings[0]!.recall.length).fill(1))
  return Array.from({ length: drawnPoints }, (_, i) => {
    const x = xs[0]! + ((xs.at(-1)! - xs[0]!) * i) / (drawnPoints - 1)
    return [recall.at(x), Math.exp(omega.at(x))]
  })
}

function weightedMean(values: readonly number[], weights: ArrayLike<number>): number {
  let sum = 0
  let total = 0
  for (let i = 0; i < values.length; i++) {
    sum += values[i]! * weights[i]!
    total += weights[i]!
  }
  return sum / total
}

/** The families of this library that are compared: each with its size as the only knob. */
export const familyNames = ['recursive', 'cluster', 'sentence'] as const
/** The published cluster chunker, 4 and 8 pieces to a chunk, with its pieces made smaller and larger. */
export const publishedNames = ['published cluster 200', 'published cluster 400'] as const
/** The first of them without its crumbs: what it owes to pieces of a few tokens. */
export const withoutCrumbs = 'published cluster 200, leftovers joined'
export const publishedPieceTokens = 50

const caps = [100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200, 225, 250, 275, 300]
const pieceTokens = [35, 40, 45, 50, 55, 60, 65, 70]

export type Sweep = { readonly [name in RetrieverName]: ReadonlyMap<string, Family> }

export interface SweepOptions {
  readonly corpora: readonly ChunkCorpus[]
  readonly embedder: Embedder
  readonly tokenizer: TiktokenTokenizer
  readonly limit: number
  readonly progress: (text: string) => void
}

/** Measures every family at every size, over all corpora together. */
export async function sweep(options: SweepOptions): Promise<Sweep> {
  const found = {
    bm25: new Map<string, Family>(),
    dense: new Map<string, Family>(),
    hybrid: new Map<string, Family>(),
  }
  for (const [name, sizes, make] of families()) {
    options.progress(`equal recall: ${name}`)
    const settings: { readonly [name in RetrieverName]: Setting[] } = { bm25: [], dense: [], hybrid: [] }
    for (const size of sizes) {
      const strategy: Strategy = { name: `${name} ${size}`, make: make(size) }
      const parts: Measured[] = []
      for (const corpus of options.corpora) parts.push(await measure({ ...options, corpus, strategy }))
      for (const retriever of retrieverNames) {
        const figures = (metric: string) =>
          parts.flatMap(({ searches }) => searches[retriever].values[metric]!)
        settings[retriever].push({
          size,
          recall: figures('recall'),
          iou: figures('IoU'),
          omega: parts.flatMap(({ chunking }) => chunking.omegaTouching),
        })
      }
    }
    for (const retriever of retrieverNames)
      found[retriever].set(name, { name, settings: settings[retriever] })
  }
  return found
}

type Entry = readonly [name: string, sizes: readonly number[], make: (size: number) => Strategy['make']]

function families(): readonly Entry[] {
  const [recursive, cluster, sentence] = familyNames
  const [four, eight] = publishedNames
  return [
    [
      recursive,
      caps,
      (maxTokens) =>
        ({ tokenizer }) =>
          recursiveChunker({ maxTokens, tokenizer }),
    ],
    [cluster, caps, (maxTokens) => (parts) => clusterChunker({ ...parts, maxTokens })],
    [
      sentence,
      caps,
      (maxTokens) =>
        ({ tokenizer }) =>
          sentenceChunker({ maxTokens, tokenizer }),
    ],
    [four, pieceTokens, (size) => (parts) => referenceCluster({ ...parts, pieces: 4, pieceTokens: size })],
    [
      withoutCrumbs,
      pieceTokens,
      (size) => (parts) =>
        referenceCluster({ ...parts, pieces: 4, pieceTokens: size, changes: { joinLeftovers: true } }),
    ],
    [eight, pieceTokens, (size) => (parts) => referenceCluster({ ...parts, pieces: 8, pieceTokens: size })],
  ]
}
