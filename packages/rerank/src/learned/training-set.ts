import { invalid, RagError } from '@tesserae/core'
import type { FeatureRows } from '../features/feature.js'

/** The hits of one query with what they are worth. */
export interface JudgedRows {
  /** Row-major, hits × features. */
  readonly values: ArrayLike<number>
  /** One grade per hit, 0 for not relevant, higher for better. */
  readonly grades: ArrayLike<number>
}

export interface TrainingSet {
  /** Names of the features, in the order of the columns. */
  readonly names: readonly string[]
  readonly queries: readonly JudgedRows[]
}

/** Logged features with grades by chunk id: judgements, clicks, answers that cited a chunk. Others count 0. */
export function judgeFeatures(rows: FeatureRows, grades: ReadonlyMap<string, number>): JudgedRows {
  return { values: rows.values, grades: rows.chunkIds.map((id) => grades.get(id) ?? 0) }
}

/** A training set as flat arrays. */
export interface Table {
  readonly names: readonly string[]
  readonly width: number
  readonly rows: number
  /** Row-major. */
  readonly values: Float64Array
  readonly grades: Float64Array
  /** First row of each query, and the number of rows at the end. */
  readonly starts: Uint32Array
}

/** Queries whose hits all have one grade teach nothing and are left out. */
export function tableOf(name: string, set: TrainingSet): Table {
  const { names, queries } = set
  if (!Array.isArray(names) || names.length === 0 || new Set(names).size !== names.length) {
    invalid(`${name}.names`, 'a list of distinct feature names', names)
  }
  const width = names.length
  const telling: JudgedRows[] = []
  for (const [place, { values, grades }] of queries.entries()) {
    if (values.length !== grades.length * width) {
      throw new RagError(
        'invalid-argument',
        `\`${name}.queries[${place}]\` must have ${width} numbers for each of its ${grades.length} grades, got ${values.length}.`,
        { details: { query: place } },
      )
    }
    for (let i = 0; i < values.length; i++)
      if (!Number.isFinite(values[i]))
        invalid(`${name}.queries[${place}].values[${i}]`, 'a finite number', values[i])
    let same = true
    for (let i = 0; i < grades.length; i++) {
      if (!Number.isFinite(grades[i]) || grades[i]! < 0 || grades[i]! > 30)
        invalid(`${name}.queries[${place}].grades[${i}]`, 'a number from 0 to 30', grades[i])
      if (grades[i] !== grades[0]) same = false
    }
    if (!same) telling.push({ values, grades })
  }
  if (telling.length === 0) {
    invalid(
      name,
      'a set with at least one query whose hits have different grades',
      `${queries.length} queries`,
    )
  }
  const starts = new Uint32Array(telling.length + 1)
  for (const [place, { grades }] of telling.entries()) starts[place + 1] = starts[place]! + grades.length
  const rows = starts[telling.length]!
  const values = new Float64Array(rows * width)
  const grades = new Float64Array(rows)
  for (const [place, one] of telling.entries()) {
    values.set(Array.from(one.values), starts[place]! * width)
    grades.set(Array.from(one.grades), starts[place]!)
  }
  return { names: [...names], width, rows, values, grades, starts }
}
