import { corrupt, type SectionType } from './format.js'
import type { Section } from './write.js'

/** Ordinals end below this. */
export const ordinalEnd = 2 ** 31 - 1

/** A section whose numbers lie in one array. */
export function wholeSection(
  name: string,
  array: Uint8Array | Uint16Array | Uint32Array | Float32Array,
): Section {
  return { name, type: typeOf(array), length: array.length, parts: () => [array] }
}

function typeOf(array: Uint8Array | Uint16Array | Uint32Array | Float32Array): SectionType {
  if (array instanceof Uint8Array) return 'u8'
  if (array instanceof Uint16Array) return 'u16'
  return array instanceof Uint32Array ? 'u32' : 'f32'
}

export function requireFinite(numbers: Float32Array): void {
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!
    // Not a number, and infinities, differ from themselves by something that is not a number.
    if (number - number !== 0) corrupt('a vector is not finite')
  }
}
