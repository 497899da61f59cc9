import { pairedBootstrap } from '@tesserae/evaluation'

export interface Contender {
  readonly name: string
  /** One figure a question; the same questions for all. */
  readonly values: readonly number[]
}

export interface Difference {
  readonly better: string
  readonly worse: string
  readonly mean: number
  readonly low: number
  readonly high: number
  readonly isReal: boolean
}

const familyError = 0.05
/** A smaller difference is not worth a name, however sure it is. */
const leastDifference = 0.005

/**
 * All pairs of contenders, each with the interval of its difference. With several pairs one of them soon looks
 * real by luck: the error of 5 % is shared out among them (Bonferroni). Differences below 0.005 are
 * left out.
 */
export function differences(contenders: readonly Contender[]): Difference[] {
  const pairs = (contenders.length * (contenders.length - 1)) / 2
  const found: Difference[] = []
  for (const [place, one] of contenders.entries()) {
    for (const other of contenders.slice(place + 1)) {
      const { mean, low, high, significant } = pairedBootstrap(other.values, one.values, {
        confidence: 1 - familyError / pairs,
        resamples: 10_000,
      })
      const isReal = significant && Math.abs(mean) >= leastDifference
      found.push(
        mean >= 0
          ? { better: one.name, worse: other.name, mean, low, high, isReal }
          : { better: other.name, worse: one.name, mean: -mean, low: -high, high: -low, isReal },
      )
    }
  }
  return found
}

/** One sentence on which of the differences are real. */
export function verdict(metric: string, found: readonly Difference[]): string {
  const real = found.filter((one) => one.isReal)
  const noise = found.length - real.length
  if (real.length === 0)
    return `${metric}: no difference is real, ${noise} of ${found.length} pairs are inside the noise.`
  const list = real.map(
    ({ better, worse, mean, low, high }) =>
      `${better} over ${worse} by ${mean.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`,
  )
  const rest = noise === 0 ? '' : `; the other ${noise} ${noise === 1 ? 'is' : 'are'} inside the noise`
  return `${metric}: real ${real.length === 1 ? 'is' : 'are'} ${list.join('; ')}${rest}.`
}
