import { RagError } from '@tesserae/core'
import { corrupt, type HeadFields } from './format.js'

/**
 * Throws `incompatible` unless a snapshot was saved with these very options. An option that is younger than the format
 * is only written when it is not the default, so that older snapshots agree.
 */
export function requireSame(ours: HeadFields, theirs: HeadFields): void {
  for (const [name, value] of Object.entries(ours)) {
    const other = theirs[name]
    if (other === value) continue
    throw new RagError(
      'incompatible',
      `\`${name}\` is ${JSON.stringify(value)} here and ${other === undefined ? 'not set' : JSON.stringify(other)} in the snapshot. Make the index with the options it was saved with, or build it anew.`,
      { details: { option: name, expected: value, actual: other } },
    )
  }
  for (const [name, value] of Object.entries(theirs)) {
    if (Object.hasOwn(ours, name)) continue
    throw new RagError(
      'incompatible',
      `The snapshot was saved with \`${name}\` ${JSON.stringify(value)}, an option that this version does not know. Load it with the version of @tesserae/retrievers that saved it, or a later one.`,
      { details: { option: name, actual: value } },
    )
  }
}

/** An integer among the counters of a head. */
export function stateInteger(
  state: HeadFields,
  name: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = state[name]
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    corrupt(`its \`${name}\` is not possible`)
  }
  return value
}

/** Changes arrays that cannot be allocated, by what a snapshot asks for, into an error that says so. */
export function withinMemory<T>(load: () => T): T {
  try {
    return load()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new RagError(
      'unsupported',
      `This snapshot needs more memory than this machine gives (${error.message}). Load it on a larger one.`,
      { cause: error },
    )
  }
}
