import { RagError } from './errors.js'

/** How a rejected value is shown in a message: short, quoted, never a whole document. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value)
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  return typeof value === 'function'
    ? 'a function'
    : `an object of type ${value.constructor?.name ?? 'Object'}`
}

/** Throws `invalid-argument`: "`name` must be <rule>, got <value>. <remedy>". */
export function invalid(name: string, rule: string, value: unknown, remedy = ''): never {
  throw new RagError(
    'invalid-argument',
    `\`${name}\` must be ${rule}, got ${show(value)}.${remedy && ` ${remedy}`}`,
    {
      details: { argument: name },
    },
  )
}

/** An integer of at least `min` (default 1) and at most `max`. Returns it, so that it can be used in place. */
export function checkInteger(name: string, value: unknown, min = 1, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    invalid(
      name,
      max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`,
      value,
    )
  }
  return value
}

/** A finite number of at least `min` and at most `max`. */
export function checkNumber(
  name: string,
  value: unknown,
  min = Number.NEGATIVE_INFINITY,
  max = Number.POSITIVE_INFINITY,
): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < min || value > max) {
    const rule =
      max === Number.POSITIVE_INFINITY
        ? min === Number.NEGATIVE_INFINITY
          ? 'a finite number'
          : `a finite number of at least ${min}`
        : `a finite number from ${min} to ${max}`
    invalid(name, rule, value)
  }
  return value
}

/** One of the listed strings. */
export function checkOneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (!(allowed as readonly unknown[]).includes(value))
    invalid(name, `one of ${allowed.map((a) => `"${a}"`).join(', ')}`, value)
  return value as T
}
