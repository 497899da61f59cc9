/** A value as a function of x: `a + b·x + c·x²`, with x counted from `centre`. */
export interface Quadratic {
  at(x: number): number
}

/**
 * Least squares of a quadratic through figures at the given places: the work that depends on the places alone is
 * done once. Three places at least, all different.
 */
export function quadraticFit(xs: readonly number[]): (ys: ArrayLike<number>) => Quadratic {
  const centre = xs.reduce((sum, x) => sum + x, 0) / xs.length
  const powers = [0, 0, 0, 0, 0]
  for (const x of xs) for (let p = 0; p < 5; p++) powers[p]! += (x - centre) ** p
  const inverse = inverse3([0, 1, 2].map((row) => [0, 1, 2].map((column) => powers[row + column]!)))
  return (ys) => {
    const sums = [0, 0, 0]
    for (let i = 0; i < xs.length; i++)
      for (let p = 0; p < 3; p++) sums[p]! += ys[i]! * (xs[i]! - centre) ** p
    const [a, b, c] = inverse.map((row) => row[0]! * sums[0]! + row[1]! * sums[1]! + row[2]! * sums[2]!)
    return { at: (x) => a! + b! * (x - centre) + c! * (x - centre) ** 2 }
  }
}

/** By cofactors, for a symmetric matrix. */
function inverse3(m: readonly (readonly number[])[]): number[][] {
  const minor = (row: number, column: number) => {
    const [r, s] = [0, 1, 2].filter((i) => i !== row) as [number, number]
    const [c, d] = [0, 1, 2].filter((i) => i !== column) as [number, number]
    return m[r]![c]! * m[s]![d]! - m[r]![d]! * m[s]![c]!
  }
  const cofactor = (row: number, column: number) => ((row + column) % 2 === 0 ? 1 : -1) * minor(row, column)
  const determinant = [0, 1, 2].reduce((sum, column) => sum + m[0]![column]! * cofactor(0, column), 0)
  return [0, 1, 2].map((row) => [0, 1, 2].map((column) => cofactor(column, row) / determinant))
}

const steps = 400

/** The first x from `low` on at which the value reaches `target`; undefined when it stays below up to `high`. */
export function firstReaching(
  curve: Quadratic,
  target: number,
  low: number,
  high: number,
): number | undefined {
  for (let i = 0; i <= steps; i++) {
    const x = low + ((high - low) * i) / steps
    if (curve.at(x) >= target) return x
  }
  return undefined
}
