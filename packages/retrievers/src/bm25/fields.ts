import { checkNumber, invalid } from '@tesserae/core'

export interface Bm25Field {
  /** What a term of this field counts, a multiple of 0.05 from 0.05 to 100. @default 1 */
  readonly weight?: number | undefined
}

/** The texts of a document by field. Fields that are left out are empty. */
export interface FieldTexts {
  readonly [field: string]: string | undefined
}

/**
 * Fields as BM25F has them: a term's frequency is the sum over the fields of weight × frequency, a document's length the
 * sum of weight × length, and one saturation and one length norm follow. So a term said in title and body is not counted
 * as two, and searching costs what it costs without fields.
 *
 * Robertson, Zaragoza, Taylor: "Simple BM25 Extension to Multiple Weighted Fields", CIKM 2004.
 */
export class Fields {
  readonly names: readonly string[]
  readonly weights: readonly number[]
  /** Frequencies are whole numbers of 1/unit: the smallest that makes all weights whole. */
  readonly unit: number
  /** Weight × unit by field. */
  readonly counted: readonly number[]
  private readonly numbers: ReadonlyMap<string, number>

  constructor(fields: { readonly [name: string]: Bm25Field }) {
    if (typeof fields !== 'object' || fields === null) invalid('fields', 'an object of fields', fields)
    this.names = Object.keys(fields)
    if (this.names.length === 0) invalid('fields', 'given at least one field', fields)
    this.weights = this.names.map((name) =>
      checkNumber(`fields.${name}.weight`, fields[name]!.weight ?? 1, 0.05, 100),
    )
    const isWhole = (value: number) => Math.abs(value - Math.round(value)) < 1e-9
    let unit = 1
    while (unit < 20 && !this.weights.every((weight) => isWhole(weight * unit))) unit++
    for (const [i, weight] of this.weights.entries())
      if (!isWhole(weight * unit)) invalid(`fields.${this.names[i]}.weight`, 'a multiple of 0.05', weight)
    this.unit = unit
    this.counted = this.weights.map((weight) => Math.round(weight * unit))
    this.numbers = new Map(this.names.map((name, number) => [name, number]))
  }

  /** Number of a field, −1 for an unknown one. */
  numberOf(name: string): number {
    return this.numbers.get(name) ?? -1
  }

  /** The texts in the order of the fields, `undefined` for a field that is left out. */
  textsOf(texts: FieldTexts): readonly (string | undefined)[] {
    for (const name of Object.keys(texts)) {
      if (!this.numbers.has(name)) invalid('field', `one of ${this.names.join(', ')}`, name)
      if (texts[name] !== undefined && typeof texts[name] !== 'string')
        invalid(`text of field "${name}"`, 'a string', texts[name])
    }
    return this.names.map((name) => (Object.hasOwn(texts, name) ? texts[name] : undefined))
  }
}
