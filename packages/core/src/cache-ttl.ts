import type { CacheEntry } from './cache.js'
import { checkNumber, invalid } from './check.js'

export interface TtlByAgeOptions<V> {
  /** When what the value was made from last changed, in milliseconds since 1970; undefined where nobody knows. */
  readonly modifiedAt: (value: V) => number | undefined
  /** Part of its age that a value is kept for. @default 0.1 */
  readonly fraction?: number | undefined
  /** Least time to live, also for what changed just now, or nobody knows when. @default 60_000 */
  readonly minMs?: number | undefined
  /** @default 86_400_000, a day */
  readonly maxMs?: number | undefined
  /** The present, in milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined
}

/**
 * A time to live for `memoryCache` that follows how often things change: what has been left alone for a year is kept
 * for long, what was edited a minute ago is not. It is a fraction of the age, as HTTP caches take where nothing is said
 * (RFC 9111, §4.2.2, which names a tenth).
 */
export function ttlByAge<V>(options: TtlByAgeOptions<V>): (entry: CacheEntry<V>) => number {
  const { modifiedAt, now = Date.now } = options
  if (typeof modifiedAt !== 'function') invalid('modifiedAt', 'a function of a value', modifiedAt)
  const fraction = checkNumber('fraction', options.fraction ?? 0.1, 0)
  const minMs = checkNumber('minMs', options.minMs ?? 60_000, 0)
  const maxMs = checkNumber('maxMs', options.maxMs ?? 86_400_000, minMs)
  return ({ value }) => {
    const modified = modifiedAt(value)
    if (modified === undefined || Number.isNaN(modified)) return minMs
    return Math.min(maxMs, Math.max(minMs, (now() - modified) * fraction))
  }
}
