import type { Bitset } from '@tesserae/core'
import {
  corrupt,
  ordinalEnd,
  requireFinite,
  type Section,
  type SnapshotReader,
  wholeSection,
} from '../snapshot/index.js'
import type { Rows } from './rows.js'

/** Rows read at once. */
const batchRows = 256

/** The sections of the rows in one memory: ordinals and floats in their order. Codes are made again from the floats. */
export function rowSections(
  prefix: string,
  kernels: Rows,
  ordinals: Uint32Array,
  dimensions: number,
): Section[] {
  return [
    wholeSection(`${prefix}ordinals`, ordinals),
    {
      name: `${prefix}floats`,
      type: 'f32',
      length: ordinals.length * dimensions,
      *parts() {
        for (let row = 0; row < ordinals.length; row++) yield kernels.vector(row).subarray(0, dimensions)
      },
    },
  ]
}

/**
 * Hands over every row that {@link rowSections} wrote. An ordinal that is in `taken` already is refused; those read
 * are added.
 */
export function readRows(
  reader: SnapshotReader,
  prefix: string,
  dimensions: number,
  taken: Bitset,
  add: (ordinal: number, floats: Float32Array) => void,
): void {
  const ordinals = reader.section(`${prefix}ordinals`, 'u32').words()
  for (const ordinal of ordinals) {
    if (ordinal >= ordinalEnd || taken.has(ordinal)) corrupt('an ordinal comes twice or is too large')
    taken.add(ordinal)
  }
  const floats = reader.section(`${prefix}floats`, 'f32')
  if (floats.length !== ordinals.length * dimensions) corrupt('it has more or fewer vectors than ordinals')
  const batch = new Float32Array(batchRows * dimensions)
  for (let first = 0; first < ordinals.length; first += batchRows) {
    const count = Math.min(batchRows, ordinals.length - first)
    const rows = batch.subarray(0, count * dimensions)
    floats.fill(rows)
    requireFinite(rows)
    for (let i = 0; i < count; i++) {
      add(ordinals[first + i]!, rows.subarray(i * dimensions, (i + 1) * dimensions))
    }
  }
}
