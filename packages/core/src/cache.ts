import { checkInteger, checkNumber } from './check.js'

export interface CacheEntry<V> {
  readonly key: string
  readonly value: V
  /** What the entry can later be forgotten by: a tenant, a document. */
  readonly tags?: readonly string[] | undefined
}

/** A place for results that can be computed again: in memory, or a service behind the same three methods. */
export interface Cache<V> {
  /** One result per key, in order; undefined for what is not there (any more). */
  get(keys: readonly string[]): Promise<readonly (V | undefined)[]>
  set(entries: readonly CacheEntry<V>[]): Promise<void>
  /** Forgets every entry with the tag, and says how many there were. */
  deleteTag(tag: string): Promise<number>
}

export interface MemoryCacheOptions<V> {
  readonly maxEntries: number
  /** @default no limit */
  readonly maxBytes?: number | undefined
  /** Entries older than this are gone: one age, or one for each entry, such as `ttlByAge`. @default no limit */
  readonly ttlMs?: number | ((entry: CacheEntry<V>) => number) | undefined
  /** Size of a value. @default an estimate from its numbers, strings and typed arrays */
  readonly bytesOf?: ((value: V) => number) | undefined
  /** Milliseconds from any origin. @default performance.now */
  readonly now?: (() => number) | undefined
}

export interface CacheStats {
  readonly hits: number
  readonly misses: number
  /** Entries that had to make room; expired and deleted ones are not counted. */
  readonly evictions: number
  readonly entries: number
  readonly bytes: number
}

export interface MemoryCache<V> extends Cache<V> {
  /** Forgets every entry whose key passes, and says how many there were. */
  deleteWhere(test: (key: string) => boolean): number
  clear(): void
  stats(): CacheStats
}

interface Slot<V> {
  readonly value: V
  readonly tags: readonly string[]
  readonly bytes: number
  readonly expires: number
}

/**
 * Keeps the entries used last, within a number of entries and of bytes. A value larger than `maxBytes` is not
 * kept. Values are copied on the way in and out, so changing one changes nothing here.
 */
export function memoryCache<V>(options: MemoryCacheOptions<V>): MemoryCache<V> {
  const maxEntries = checkInteger('maxEntries', options.maxEntries)
  const maxBytes =
    options.maxBytes === undefined ? Number.POSITIVE_INFINITY : checkInteger('maxBytes', options.maxBytes)
  const ttlOf = lifetime(options.ttlMs)
  const { now = () => performance.now(), bytesOf = estimateBytes } = options
  /** In order of use, least recent first: a `Map` keeps the order of insertion. */
  const slots = new Map<string, Slot<V>>()
  const tagged = new Map<string, Set<string>>()
  let bytes = 0
  let hits = 0
  let misses = 0
  let evictions = 0

  const remove = (key: string): boolean => {
    const slot = slots.get(key)
    if (slot === undefined) return false
    slots.delete(key)
    bytes -= slot.bytes
    for (const tag of slot.tags) {
      const keys = tagged.get(tag)
      keys?.delete(key)
      if (keys?.size === 0) tagged.delete(tag)
    }
    return true
  }

  const read = (key: string, time: number): V | undefined => {
    const slot = slots.get(key)
    if (slot === undefined || slot.expires <= time) {
      remove(key)
      misses += 1
      return undefined
    }
    slots.delete(key)
    slots.set(key, slot)
    hits += 1
    return structuredClone(slot.value)
  }

  const write = (entry: CacheEntry<V>, time: number) => {
    const { key, value, tags = [] } = entry
    const expires = time + ttlOf(entry)
    remove(key)
    const size = checkNumber('bytesOf(value)', bytesOf(value), 0) + key.length * 2
    if (size > maxBytes) return
    slots.set(key, { value: structuredClone(value), tags, bytes: size, expires })
    bytes += size
    for (const tag of tags) {
      const keys = tagged.get(tag)
      if (keys === undefined) tagged.set(tag, new Set([key]))
      else keys.add(key)
    }
    for (const oldest of slots.keys()) {
      if (slots.size <= maxEntries && bytes <= maxBytes) break
      remove(oldest)
      evictions += 1
    }
  }

  return {
    async get(keys) {
      const time = now()
      return keys.map((key) => read(key, time))
    },
    async set(entries) {
      const time = now()
      for (const entry of entries) write(entry, time)
    },
    async deleteTag(tag) {
      let count = 0
      for (const key of [...(tagged.get(tag) ?? [])]) if (remove(key)) count += 1
      return count
    },
    deleteWhere(test) {
      let count = 0
      for (const key of [...slots.keys()]) if (test(key) && remove(key)) count += 1
      return count
    },
    clear() {
      slots.clear()
      tagged.clear()
      bytes = 0
    },
    stats: () => ({ hits, misses, evictions, entries: slots.size, bytes }),
  }
}

function lifetime<V>(ttlMs: MemoryCacheOptions<V>['ttlMs']): (entry: CacheEntry<V>) => number {
  if (typeof ttlMs === 'function') return (entry) => checkNumber('ttlMs(entry)', ttlMs(entry), 0)
  const fixed = ttlMs === undefined ? Number.POSITIVE_INFINITY : checkNumber('ttlMs', ttlMs, 0)
  return () => fixed
}

/** Two bytes a character, eight a number, a typed array as it is, and something for each field. */
function estimateBytes(value: unknown): number {
  if (typeof value === 'string') return value.length * 2
  if (ArrayBuffer.isView(value)) return value.byteLength
  if (typeof value !== 'object' || value === null) return 8
  let total = 16
  if (Array.isArray(value)) for (const item of value) total += 8 + estimateBytes(item)
  else for (const [key, item] of Object.entries(value)) total += 8 + key.length * 2 + estimateBytes(item)
  return total
}
