import { checkNumber, invalid } from '@tesserae/core'

/** `count` weights, or any number of them, finite and at least 0, not all 0. */
export function checkWeights(name: string, weights: readonly number[], count = weights.length): void {
  if (!Array.isArray(weights) || weights.length !== count) {
    invalid(name, `an array of ${count} numbers, one per list`, weights)
  }
  let positive = count === 0
  for (let i = 0; i < count; i++) {
    if (checkNumber(`${name}[${i}]`, weights[i], 0) > 0) positive = true
  }
  if (!positive) {
    invalid(name, 'above 0 for at least one list', `[${weights.join(', ')}]`, 'Nothing would have a say.')
  }
}

export function equalWeights(count: number): readonly number[] {
  return new Array<number>(count).fill(1)
}

/** Divides each weight by their sum. */
export function scaleToOne(weights: readonly number[]): readonly number[] {
  let sum = 0
  for (const weight of weights) sum += weight
  return weights.map((weight) => weight / sum)
}
