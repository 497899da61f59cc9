import { type Flight, takeOff } from './async/flight.js'
import type { Cache } from './cache.js'
import { careful } from './cached-retriever.js'
import type { Embedder, EmbedderProfile, EmbedOptions } from './embedder.js'
import { RagError } from './errors.js'
import { tell } from './observe.js'
import { sha256 } from './sha256.js'

export interface CachedEmbedderOptions {
  /** Tags of every entry, to forget them by: a tenant. @default none */
  readonly tags?: readonly string[] | undefined
}

/** A text that is not in the cache, and how it is found there later. */
interface Wanted {
  readonly key: string
  readonly text: string
  readonly digest: string
}

/** A row of a call that is on its way. */
interface Coming {
  readonly flight: Flight<Float32Array>
  readonly row: number
}

/**
 * The same embedder, asked only for texts that are new. Keys hold the embedder's id, its dimensions, the role
 * and the SHA-256 of the text, so a changed model never meets its predecessor's vectors, and no text is kept.
 * Entries are tagged `text:<sha256>`, so that a text can be forgotten (`forgettingStore`).
 *
 * A call makes at most one inner call, for the texts missing, each once. A text that another call is already
 * asking for is waited for, not asked twice; whoever aborts leaves alone, and the inner call stops when nobody
 * waits any more. A cache that fails is told to the observer (`cache.failed`) and otherwise passed over.
 */
export function cachedEmbedder(
  embedder: Embedder & EmbedderProfile,
  cache: Cache<Float32Array>,
  options: CachedEmbedderOptions = {},
): Embedder & EmbedderProfile {
  const { dimensions } = embedder
  const coming = new Map<string, Coming>()

  const ask = (wanted: readonly Wanted[], call: EmbedOptions): Flight<Float32Array> => {
    const { role, observer } = call
    const texts = wanted.map(({ text }) => text)
    const flight: Flight<Float32Array> = takeOff(async (signal) => {
      try {
        const vectors = await embedder.embed(texts, { role, observer, signal })
        if (vectors.length !== texts.length * dimensions) {
          throw new RagError(
            'invalid-vector',
            `The embedder "${embedder.id}" returned ${vectors.length} numbers for ${texts.length} texts of ${dimensions} dimensions.`,
          )
        }
        const entries = wanted.map(({ key, digest }, row) => ({
          key,
          value: vectors.slice(row * dimensions, (row + 1) * dimensions),
          tags: [`text:${digest}`, ...(options.tags ?? [])],
        }))
        await careful(observer, embedder.id, () => cache.set(entries))
        return vectors
      } finally {
        for (const { key } of wanted) if (coming.get(key)?.flight === flight) coming.delete(key)
      }
    })
    for (const [row, { key }] of wanted.entries()) coming.set(key, { flight, row })
    return flight
  }

  return {
    id: embedder.id,
    dimensions,
    maxBatchSize: embedder.maxBatchSize,
    maxBatchTokens: embedder.maxBatchTokens,
    vectorShare: embedder.vectorShare,
    get scripts() {
      return embedder.scripts
    },
    async embed(texts, call) {
      const { signal, observer, role } = call
      signal?.throwIfAborted()
      const digests = texts.map((text) => sha256(text))
      const keys = digests.map((digest) => `embed:${embedder.id}:${dimensions}:${role}:${digest}`)
      const unique = [...new Set(keys)]
      const found = await careful(observer, embedder.id, () => cache.get(unique))
      signal?.throwIfAborted()
      const vectors = new Map<string, Float32Array>()
      const awaited = new Map<string, Coming>()
      const missing: string[] = []
      for (const [place, key] of unique.entries()) {
        const vector = found?.[place]
        const elsewhere = coming.get(key)
        if (vector?.length === dimensions) vectors.set(key, vector)
        else if (elsewhere?.flight.abandoned === false) awaited.set(key, elsewhere)
        else missing.push(key)
      }
      tell(observer, {
        type: 'cache.read',
        source: embedder.id,
        counts: { hits: vectors.size, shared: awaited.size, misses: missing.length },
      })
      if (missing.length > 0) {
        const first = new Map<string, Wanted>()
        for (const [place, key] of keys.entries()) {
          if (!first.has(key)) first.set(key, { key, text: texts[place]!, digest: digests[place]! })
        }
        const flight = ask(
          missing.map((key) => first.get(key)!),
          call,
        )
        for (const [row, key] of missing.entries()) awaited.set(key, { flight, row })
      }
      // Join every call before waiting for any, so that none thinks it has been left.
      const flights = [...new Set([...awaited.values()].map(({ flight }) => flight))]
      const results = await Promise.all(flights.map((flight) => flight.join(signal)))
      for (const [key, { flight, row }] of awaited) {
        const rows = results[flights.indexOf(flight)]!
        vectors.set(key, rows.subarray(row * dimensions, (row + 1) * dimensions))
      }
      const all = new Float32Array(texts.length * dimensions)
      for (const [place, key] of keys.entries()) all.set(vectors.get(key)!, place * dimensions)
      return all
    },
  }
}
