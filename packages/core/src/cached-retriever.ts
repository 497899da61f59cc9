import { type Flight, takeOff } from './async/flight.js'
import type { Cache } from './cache.js'
import { invalid } from './check.js'
import type { Metadata } from './document.js'
import { type ExplainableRetriever, isExplainable } from './explain.js'
import { fingerprint } from './fingerprint.js'
import { tell } from './observe.js'
import type { Observer } from './observer.js'
import type { Hit, Retriever } from './retriever.js'
import { isScopedByCall } from './scope.js'
import { shareOf, type TellsShare } from './tells-share.js'

export interface CachedRetrieverOptions {
  /**
   * Names what is searched, in its present state: it must change whenever the store does, and differ between
   * retrievers of the same name that share a cache. `versionedStore` has one.
   */
  readonly version: () => string
  /** Whose answers these are: part of the key, and the tag `tenant:<id>`. @default none */
  readonly tenant?: string | undefined
  /** Id of the model that embeds queries, or reranks, where the retriever's name does not tell it. @default none */
  readonly model?: string | undefined
}

/**
 * The same retriever, asked only for what is new: keys are fingerprints of its name, the tenant, the model, the
 * version, the query, the limit and the filter, so neither a changed index nor another's rights are ever served. No
 * query text is kept. Entries are tagged `tenant:<id>` and `document:<id>` for each document among the hits.
 *
 * A scope goes around the cache, `scopeRetriever(cachedRetriever(…), scope)`: its filter is then part of the
 * key. A retriever whose scope is found call by call is refused here, because its answers depend on something
 * that no key can hold. Equal questions at the same time are one call.
 */
export function cachedRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  cache: Cache<readonly Hit<M>[]>,
  options: CachedRetrieverOptions,
): ExplainableRetriever<M> & TellsShare {
  const { version, tenant, model } = options
  if (typeof version !== 'function') invalid('version', 'a function that returns a string', version)
  if (isScopedByCall(retriever)) {
    invalid('retriever', 'one whose scope is fixed', retriever, 'Put the scope around the cache.')
  }
  const name = `cached(${retriever.name})`
  const coming = new Map<string, Flight<readonly Hit<M>[]>>()

  return {
    name,
    async retrieve(query, call = {}) {
      const { signal, observer, limit, filter } = call
      signal?.throwIfAborted()
      const asked = { retriever: retriever.name, tenant, model, version: version(), query, limit, filter }
      const key = `retrieve:${fingerprint(asked)}`
      const found = (await careful(observer, name, () => cache.get([key])))?.[0]
      signal?.throwIfAborted()
      const running = coming.get(key)
      const elsewhere = running?.abandoned === false ? running : undefined
      const outcome = found !== undefined ? 'hit' : elsewhere !== undefined ? 'shared' : 'miss'
      tell(observer, { type: 'cache.read', source: name, labels: { outcome } })
      if (found !== undefined) return found
      if (elsewhere !== undefined) return structuredClone(await elsewhere.join(signal))
      const flight: Flight<readonly Hit<M>[]> = takeOff(async (wanted) => {
        try {
          const hits = await retriever.retrieve(query, { ...call, signal: wanted })
          const tags = [...new Set(hits.map((hit) => `document:${hit.chunk.documentId}`))]
          if (tenant !== undefined) tags.push(`tenant:${tenant}`)
          await careful(observer, name, () => cache.set([{ key, value: hits, tags }]))
          return hits
        } finally {
          if (coming.get(key) === flight) coming.delete(key)
        }
      })
      coming.set(key, flight)
      return structuredClone(await flight.join(signal))
    },
    vectorShare: (query: string) => shareOf(retriever, query),
    async explain(query, chunkId, call) {
      return isExplainable(retriever) ? retriever.explain(query, chunkId, call) : undefined
    },
  }
}

/** A cache is a convenience: when it fails, the observer hears of it and the work is done without. */
export async function careful<T>(
  observer: Observer | undefined,
  source: string,
  fn: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await fn()
  } catch {
    tell(observer, { type: 'cache.failed', source })
    return undefined
  }
}
