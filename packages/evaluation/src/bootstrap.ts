import { checkInteger, checkNumber, RagError } from '@tesserae/core'

export interface BootstrapOptions {
  /** How often the queries are drawn again. @default 2000 */
  readonly resamples?: number | undefined
  /** Share of resamples inside the interval. @default 0.95 */
  readonly confidence?: number | undefined
  /** Same seed, same interval. @default 1 */
  readonly seed?: number | undefined
}

export interface Interval {
  readonly mean: number
  readonly low: number
  readonly high: number
}

export interface PairedInterval extends Interval {
  /** Share of resamples in which the difference is not on the side of its mean, doubled, at most 1. */
  readonly pValue: number
  /** Whether the interval leaves out 0: otherwise the difference is inside the noise of these queries. */
  readonly significant: boolean
}

/** Percentile bootstrap interval of a mean over queries (Efron 1979). `values` holds one figure a query. */
export function bootstrapInterval(values: readonly number[], options: BootstrapOptions = {}): Interval {
  const { means, low, high, mean } = resample(values, options)
  return { mean, low: means[low]!, high: means[high]! }
}

/**
 * Interval of the mean difference `treatment − baseline` over the same queries, resampled in pairs
 * (Smucker, Allan and Carterette 2007): the noise that both share cancels out.
 */
export function pairedBootstrap(
  baseline: readonly number[],
  treatment: readonly number[],
  options: BootstrapOptions = {},
): PairedInterval {
  if (baseline.length !== treatment.length) {
    throw new RagError(
      'invalid-argument',
      `Paired figures must cover the same queries: got ${baseline.length} and ${treatment.length}. Evaluate both on one list of queries.`,
      { details: { baseline: baseline.length, treatment: treatment.length } },
    )
  }
  const { means, low, high, mean } = resample(
    treatment.map((value, i) => value - baseline[i]!),
    options,
  )
  let against = 0
  for (const value of means) if (mean > 0 ? value <= 0 : value >= 0) against++
  const interval = { mean, low: means[low]!, high: means[high]! }
  return {
    ...interval,
    pValue: mean === 0 ? 1 : Math.min(1, (2 * against) / means.length),
    significant: interval.low > 0 || interval.high < 0,
  }
}

function resample(values: readonly number[], options: BootstrapOptions) {
  const resamples = checkInteger('resamples', options.resamples ?? 2000)
  const confidence = checkNumber('confidence', options.confidence ?? 0.95, 0.5, 0.9999)
  const random = mulberry32(checkInteger('seed', options.seed ?? 1, 0))
  const count = values.length
  if (count === 0) {
    throw new RagError(
      'invalid-argument',
      'An interval needs at least one query, got none. Are any queries judged?',
    )
  }
  const figures = Float64Array.from(values)
  const means = new Float64Array(resamples)
  for (let i = 0; i < resamples; i++) {
    let sum = 0
    for (let j = 0; j < count; j++) sum += figures[Math.floor(random() * count)]!
    means[i] = sum / count
  }
  means.sort()
  const tail = (1 - confidence) / 2
  const low = Math.floor(tail * (resamples - 1))
  const high = Math.ceil((1 - tail) * (resamples - 1))
  let total = 0
  for (const value of figures) total += value
  return { means, low, high, mean: total / count }
}

/** A 32-bit generator of full period (Tommy Ettinger's mulberry32): small, seeded, good enough to draw queries. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
