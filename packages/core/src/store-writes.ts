import type { Cache } from './cache.js'
import type { Metadata } from './document.js'
import { sha256 } from './sha256.js'
import type { Store } from './store.js'
import { embeddingText } from './to-chunks.js'

/** Chunks in one `get`, at most. */
const page = 256

/**
 * The same store with other ways of writing. Everything else it can do, whatever that is, it does itself: methods
 * are called on the store, not on what stands in front of it.
 */
function withWrites<M extends Metadata, S extends Store<M>, Added extends object>(
  store: S,
  writes: Pick<Store<M>, 'upsert' | 'delete'> & Added,
): S & Added {
  const bound = new Map<PropertyKey, unknown>()
  const proxy = new Proxy(store, {
    get(target, key) {
      if (Object.hasOwn(writes, key)) return Reflect.get(writes, key)
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      if (!bound.has(key)) bound.set(key, value.bind(target))
      return bound.get(key)
    },
    has: (target, key) => Object.hasOwn(writes, key) || Reflect.has(target, key),
    set: (target, key, value) => Reflect.set(target, key, value, target),
  })
  return proxy as S & Added
}

export interface Versioned {
  /** Another string after every write, and in every process. */
  version(): string
}

/**
 * The same store, which counts its writes, so that `cachedRetriever` can put the state of the index into its keys:
 * `version: () => store.version()`. All writes have to go through it. A write that fails counts too, because it
 * may have changed something.
 */
export function versionedStore<M extends Metadata, S extends Store<M>>(store: S & Store<M>): S & Versioned {
  // A cache that outlives the process must not take this one's first state for the last one's.
  const start = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`
  let writes = 0
  const counted = async (write: () => Promise<void>): Promise<void> => {
    try {
      await write()
    } finally {
      writes += 1
    }
  }
  return withWrites<M, S, Versioned & Pick<Store<M>, 'upsert' | 'delete'>>(store, {
    upsert: (entries, options) => counted(() => store.upsert(entries, options)),
    delete: (chunkIds, options) => counted(() => store.delete(chunkIds, options)),
    version: () => `${start}.${writes}`,
  })
}

/** What `forgettingStore` needs of a cache. */
export type Forgetting = Pick<Cache<never>, 'deleteTag'>

/**
 * The same store, whose caches forget what it forgets: entries tagged `document:<id>` (answers with a hit of the
 * document, see `cachedRetriever`) when chunks of the document are written or deleted, and entries tagged
 * `text:<sha256>` (its vector, see `cachedEmbedder`) when a chunk is deleted.
 *
 * A cache is asked before the store and again after it, for what was put there meanwhile. When a cache fails, so
 * does the write; when that was before the store was asked, nothing was written, and running it again does all.
 */
export function forgettingStore<M extends Metadata, S extends Store<M>>(
  store: S & Store<M>,
  caches: readonly Forgetting[],
): S {
  const forgetting = async (tags: ReadonlySet<string>, write: () => Promise<void>): Promise<void> => {
    const forget = async () => {
      for (const cache of caches) for (const tag of tags) await cache.deleteTag(tag)
    }
    await forget()
    await write()
    await forget()
  }
  return withWrites<M, S, Pick<Store<M>, 'upsert' | 'delete'>>(store, {
    upsert: (entries, options) =>
      forgetting(new Set(entries.map(({ chunk }) => `document:${chunk.documentId}`)), () =>
        store.upsert(entries, options),
      ),
    async delete(chunkIds, options) {
      const tags = new Set<string>()
      for (let from = 0; from < chunkIds.length; from += page) {
        for (const chunk of await store.get(chunkIds.slice(from, from + page), options)) {
          if (chunk === undefined) continue
          tags.add(`document:${chunk.documentId}`)
          tags.add(`text:${sha256(embeddingText(chunk))}`)
        }
      }
      await forgetting(tags, () => store.delete(chunkIds, options))
    },
  })
}
