import { RagError } from './errors.js'
import { sha256 } from './sha256.js'

/** Plain data: primitives, arrays and plain objects of them, to any depth up to 100. Anything else is refused. */
export type FingerprintInput = string | number | boolean | null | undefined | object

const maxDepth = 100

/** Every value is tagged with its type and every string carries its length, so no two values share an encoding. */
function encode(value: unknown, depth: number): string {
  if (typeof value === 'string') return `s${value.length}:${value}`
  // As text -0 is 0, and NaN and the infinities have names of their own.
  if (typeof value === 'number') return `n${value};`
  if (value === null || value === undefined || typeof value === 'boolean') return `${value};`
  if (depth < maxDepth && Array.isArray(value)) {
    let list = '['
    for (const item of value) list += encode(item, depth + 1)
    return `${list}]`
  }
  if (depth < maxDepth && typeof value === 'object') {
    const prototype = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) {
      let fields = '{'
      const record = value as { readonly [key: string]: unknown }
      for (const key of Object.keys(record).sort()) {
        if (record[key] !== undefined) fields += encode(key, depth) + encode(record[key], depth + 1)
      }
      return `${fields}}`
    }
  }
  throw new RagError(
    'invalid-argument',
    `A fingerprint is made of plain data at most ${maxDepth} levels deep, got a ${depth < maxDepth ? typeof value : 'deeper or circular value'}. Turn it into strings, numbers, lists and plain objects first.`,
  )
}

/** Data as one string that only equal data has; what `fingerprint` hashes. */
export function canonical(value: FingerprintInput): string {
  return encode(value, 0)
}

/**
 * 32 hexadecimal digits (128 bits of SHA-256) that are equal for equal data. The order of an object's fields
 * does not matter, the order of a list does; types are told apart (`"1"` is not `1`, `null` is not a missing
 * field); -0 equals 0 and NaN equals NaN; a field that is `undefined` counts as absent.
 * Throws `invalid-argument` for functions, symbols, class instances and nesting deeper than 100.
 */
export function fingerprint(value: FingerprintInput): string {
  return sha256(canonical(value)).slice(0, 32)
}
