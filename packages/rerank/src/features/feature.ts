import { type Hit, invalid, RagError } from '@tesserae/core'

/** A number for each hit that may tell how relevant it is. Pure: the same hits give the same numbers. */
export interface Feature {
  /** Distinct within a list of features; what a trained model knows the feature by. */
  readonly name: string
  /** One finite number per hit, in order. Sees all hits of the query, so that it can compare them. */
  values(query: string, hits: readonly Hit[]): ArrayLike<number>
}

/** Features of the hits of one query, as logged for training. */
export interface FeatureRows {
  readonly query: string
  readonly names: readonly string[]
  readonly chunkIds: readonly string[]
  /** Row-major, hits × features. */
  readonly values: Float64Array
}

/**
 * The numbers of all features for all hits.
 *
 * @throws RagError `invalid-argument` when a feature gives too few numbers or one that is not finite.
 */
export function extractFeatures(
  features: readonly Feature[],
  query: string,
  hits: readonly Hit[],
): FeatureRows {
  const width = features.length
  const values = new Float64Array(hits.length * width)
  for (const [column, feature] of features.entries()) {
    const given = feature.values(query, hits)
    if (given.length !== hits.length) {
      throw new RagError(
        'invalid-argument',
        `Feature "${feature.name}" gave ${given.length} numbers for ${hits.length} hits. It must give one each.`,
        { details: { feature: feature.name } },
      )
    }
    for (let row = 0; row < hits.length; row++) {
      const value = given[row]!
      if (!Number.isFinite(value)) {
        throw new RagError(
          'invalid-argument',
          `Feature "${feature.name}" gave ${value} to chunk "${hits[row]!.chunk.id}". Numbers must be finite: say what a missing value counts.`,
          { details: { feature: feature.name, chunkId: hits[row]!.chunk.id } },
        )
      }
      values[row * width + column] = value
    }
  }
  return {
    query,
    names: features.map(({ name }) => name),
    chunkIds: hits.map(({ chunk }) => chunk.id),
    values,
  }
}

export function checkFeatures(name: string, features: readonly Feature[]): readonly string[] {
  if (!Array.isArray(features) || features.length === 0)
    invalid(name, 'a list of at least one feature', features)
  const names = features.map((feature) => feature.name)
  for (const [place, one] of names.entries()) {
    if (typeof one !== 'string' || one === '') invalid(`${name}[${place}].name`, 'a non-empty string', one)
    if (names.indexOf(one) !== place) invalid(`${name}[${place}].name`, 'distinct in the list', one)
  }
  return names
}
