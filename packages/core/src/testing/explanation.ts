import type { Explanation } from '../lexical-index.js'
import { escapeText } from './show.js'

/**
 * Computes every number of an explanation again from its details, by the formula that its description states, and throws
 * where another number stands. The formula is what follows the first ` = ` or `: ` outside of quotes: `sum`, `largest`,
 * `count`, `unchanged` (of one detail), or arithmetic over the names of the details, which are what their descriptions begin
 * with. A node without details is a number that was used, and stands for itself.
 *
 * @param tolerance allowed difference, relative to numbers above 1. @default 1e-9
 */
export function checkExplanation(explanation: Explanation, tolerance = 1e-9): void {
  const { value, description, details } = explanation
  const fail = (why: string): never => {
    throw new Error(`explanation "${escapeText(description)}" of ${value} ${why}`)
  }
  if (!Number.isFinite(value)) fail('is no finite number')
  if (description.trim() === '') fail('has no description')
  if (details.length === 0) return
  const formula = formulaOf(description) ?? fail('has details and states no formula')
  const computed = compute(formula, details, fail)
  if (!(Math.abs(computed - value) <= tolerance * Math.max(1, Math.abs(value))))
    fail(`has details that make ${computed} by "${formula}"`)
  for (const detail of details) checkExplanation(detail, tolerance)
}

/** Every node of a tree, the top first. */
export function explanationNodes(explanation: Explanation): readonly Explanation[] {
  return [explanation, ...explanation.details.flatMap(explanationNodes)]
}

const quoted = /"(?:[^"\\]|\\.)*"/gu

function formulaOf(description: string): string | undefined {
  const plain = description.replace(quoted, '""')
  const stated = / = |: /u.exec(plain)
  if (stated !== null) return plain.slice(stated.index + stated[0].length).trim()
  return /(?:^|, )(sum|largest)\b/u.exec(plain)?.[1]
}

/** A description up to what explains it. */
function nameOf({ description }: Explanation): string {
  return description
    .replace(quoted, '""')
    .split(/, | = |: /u)[0]!
    .trim()
}

function compute(formula: string, details: readonly Explanation[], fail: (why: string) => never): number {
  const values = details.map(({ value }) => value)
  if (/^sum\b/u.test(formula)) return details.reduce((sum, detail) => sum + timesFactor(detail), 0)
  if (/^count\b/u.test(formula)) return values.length
  if (/^unchanged\b/u.test(formula))
    return values.length === 1 ? values[0]! : fail('is said to be unchanged, and has several details')
  if (/^largest\b/u.test(formula)) return values.reduce((most, value) => Math.max(most, value))
  const names = new Map<string, number>()
  for (const detail of details) if (!names.has(nameOf(detail))) names.set(nameOf(detail), detail.value)
  const [arithmetic = '', ...remarks] = formula.split(/, (?=at least|cut to|its|all|\p{L} = )/u)
  // `(c + 1) / 2, c = f / d`: what the formula calls c.
  for (const clause of remarks) {
    const [name = '', meaning] = clause.split(' = ')
    if (meaning !== undefined) names.set(name, new Arithmetic(meaning, names, fail).result())
  }
  const result = new Arithmetic(arithmetic, names, fail).result()
  if (remarks.includes('cut to 0 and 1')) return Math.min(1, Math.max(0, result))
  return remarks.includes('at least 2⁻²⁰') ? Math.max(2 ** -20, result) : result
}

/** Of a number that was used so many times: `times in "title" × 2.5`. */
function timesFactor({ value, description, details }: Explanation): number {
  const factor = details.length > 0 ? null : / × (\d+(?:\.\d+)?)$/u.exec(description)
  return factor === null ? value : value * Number(factor[1])
}

const operators = '+−-×·*/^()√'

/** Sums, products, quotients and powers, roots and logarithms, of numbers and names. */
class Arithmetic {
  private readonly text: string
  /** Longest first, so that a name inside another is not taken for it. */
  private readonly names: readonly (readonly [string, number])[]
  private readonly fail: (why: string) => never
  private at = 0

  constructor(text: string, names: ReadonlyMap<string, number>, fail: (why: string) => never) {
    this.text = text
    this.names = [...names].sort(([a], [b]) => b.length - a.length)
    this.fail = fail
  }

  result(): number {
    const value = this.sum()
    if (this.at < this.text.length) this.fail(`has a formula that ends in "${this.text.slice(this.at)}"`)
    return value
  }

  private sum(): number {
    let value = this.product()
    for (;;) {
      if (this.take('+')) value += this.product()
      else if (this.take('−') || this.take('-')) value -= this.product()
      else return value
    }
  }

  private product(): number {
    let value = this.power()
    for (;;) {
      if (this.take('×') || this.take('·') || this.take('*')) value *= this.power()
      else if (this.take('/')) value /= this.power()
      else if (this.startsFactor()) value *= this.power()
      else return value
    }
  }

  /** `k (a + b)` and `(a + b) k` are products too. */
  private startsFactor(): boolean {
    this.skip()
    return /^[\p{L}\d(]/u.test(this.text.slice(this.at))
  }

  private power(): number {
    const value = this.factor()
    return this.take('^') ? value ** this.power() : value
  }

  private factor(): number {
    if (this.take('−') || this.take('-')) return -this.factor()
    if (this.take('√')) return Math.sqrt(this.factor())
    if (this.take('ln(')) return Math.log(this.closed())
    if (this.take('(')) return this.closed()
    return this.operand()
  }

  private closed(): number {
    const value = this.sum()
    if (!this.take(')')) this.fail('has a formula with a bracket left open')
    return value
  }

  private operand(): number {
    this.skip()
    for (const [name, value] of this.names) {
      const next = this.text.slice(this.at + name.length, this.at + name.length + 1)
      if (!this.text.startsWith(name, this.at) || !(next === '' || next === ' ' || operators.includes(next)))
        continue
      this.at += name.length
      return value
    }
    const number = /^\d+(?:\.\d+)?(?:e[+-]?\d+)?/u.exec(this.text.slice(this.at))
    if (number === null) return this.fail(`names what none of its details is: "${this.text.slice(this.at)}"`)
    this.at += number[0].length
    return Number(number[0])
  }

  private take(sign: string): boolean {
    this.skip()
    if (!this.text.startsWith(sign, this.at)) return false
    this.at += sign.length
    return true
  }

  private skip(): void {
    while (this.text[this.at] === ' ') this.at++
  }
}
