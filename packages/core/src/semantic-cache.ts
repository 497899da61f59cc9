import { careful } from './cached-retriever.js'
import { checkInteger, checkNumber, invalid } from './check.js'
import type { Metadata } from './document.js'
import type { Embedder } from './embedder.js'
import { type ExplainableRetriever, isExplainable } from './explain.js'
import { fingerprint } from './fingerprint.js'
import { tell } from './observe.js'
import type { Hit, RetrieveOptions, Retriever } from './retriever.js'
import { isScopedByCall } from './scope.js'
import type { Forgetting } from './store-writes.js'
import { shareOf, type TellsShare } from './tells-share.js'
import { dot } from './vector/dot.js'
import { checkVector, normalizeInPlace } from './vector/normalize.js'

export interface SemanticCacheOptions {
  /** Embeds questions, in role `query`. */
  readonly embedder: Embedder
  /** Names what is searched, in its present state, as for `cachedRetriever`. */
  readonly version: () => string
  /** Whose answers these are; also the tag `tenant:<id>`. @default none */
  readonly tenant?: string | undefined
  /** Cosine from which two questions are taken for the same, 0 to 1. @default 0.95 */
  readonly threshold?: number | undefined
  /** Answers kept; those used longest ago make room. All of them are compared. @default 1000 */
  readonly maxEntries?: number | undefined
  /** Answers older than this are not given. @default no limit */
  readonly ttlMs?: number | undefined
  /** Milliseconds from any origin. @default Date.now */
  readonly now?: (() => number) | undefined
}

export interface SemanticallyCachedRetriever<M extends Metadata = Metadata>
  extends ExplainableRetriever<M>,
    TellsShare,
    Forgetting {
  /** Answers kept. */
  readonly size: number
}

interface Answer<M extends Metadata> {
  readonly group: string
  /** Of length one. */
  readonly vector: Float32Array
  readonly hits: readonly Hit<M>[]
  readonly tags: ReadonlySet<string>
  readonly expires: number
}

/**
 * The same retriever, which answers a question like one it has answered with the hits of that one: in memory, only
 * within the same tenant, version, limit and filter. Questions that differ in a name or a number can be as alike as
 * the same question in other words: choose `threshold` by questions of your own, or use `cachedRetriever`, which is
 * exact. No text of a question is kept. Entries are tagged `tenant:<id>` and `document:<id>`, for `forgettingStore`.
 *
 * When the question cannot be embedded, the retriever is asked. One whose scope is found call by call is refused.
 */
export function semanticallyCachedRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: SemanticCacheOptions,
): SemanticallyCachedRetriever<M> {
  const { embedder, version, tenant } = options
  if (typeof embedder?.embed !== 'function') invalid('embedder', 'an Embedder', embedder)
  if (typeof version !== 'function') invalid('version', 'a function that returns a string', version)
  if (isScopedByCall(retriever)) {
    invalid('retriever', 'one whose scope is fixed', retriever, 'Put the scope around the cache.')
  }
  const threshold = checkNumber('threshold', options.threshold ?? 0.95, 0, 1)
  const maxEntries = checkInteger('maxEntries', options.maxEntries ?? 1000)
  const ttlMs = checkNumber('ttlMs', options.ttlMs ?? Number.MAX_VALUE, 0)
  const now = options.now ?? Date.now
  const name = `semantic(${retriever.name})`
  /** Used longest ago first. */
  const answers = new Set<Answer<M>>()

  /** Of length one; nothing when there is no direction to compare. */
  const embedded = async (query: string, call: RetrieveOptions): Promise<Float32Array | undefined> => {
    const { signal, observer } = call
    const vector = await careful(observer, name, async () => {
      const vectors = await embedder.embed([query], { role: 'query', signal, observer })
      return checkVector('vector', vectors, embedder.dimensions).slice()
    })
    signal?.throwIfAborted()
    return vector === undefined || normalizeInPlace(vector, 0, vector.length) === 0 ? undefined : vector
  }

  const nearest = (group: string, vector: Float32Array): Answer<M> | undefined => {
    let best: Answer<M> | undefined
    let bestScore = threshold
    const time = now()
    for (const answer of answers) {
      if (answer.expires <= time) answers.delete(answer)
      else if (answer.group === group) {
        const score = dot(vector, 0, answer.vector, 0, vector.length)
        // Among equals the one used last.
        if (score >= bestScore) {
          best = answer
          bestScore = score
        }
      }
    }
    return best
  }

  return {
    name,
    get size() {
      return answers.size
    },
    async retrieve(query, call = {}) {
      const { signal, observer, limit, filter } = call
      signal?.throwIfAborted()
      const vector = await embedded(query, call)
      if (vector === undefined) return retriever.retrieve(query, call)
      const asked = {
        retriever: retriever.name,
        model: embedder.id,
        tenant,
        version: version(),
        limit,
        filter,
      }
      const group = fingerprint(asked)
      const found = nearest(group, vector)
      tell(observer, { type: 'cache.read', source: name, labels: { outcome: found ? 'hit' : 'miss' } })
      if (found !== undefined) {
        answers.delete(found)
        answers.add(found)
        return structuredClone(found.hits)
      }
      const hits = await retriever.retrieve(query, call)
      const tags = new Set(hits.map((hit) => `document:${hit.chunk.documentId}`))
      if (tenant !== undefined) tags.add(`tenant:${tenant}`)
      answers.add({ group, vector, hits: structuredClone(hits), tags, expires: now() + ttlMs })
      for (const oldest of answers) {
        if (answers.size <= maxEntries) break
        answers.delete(oldest)
      }
      return hits
    },
    /** Of an answer given for a question like this one: what this question gives the chunk. */
    vectorShare: (query: string) => shareOf(retriever, query),
    async explain(query, chunkId, call) {
      return isExplainable(retriever) ? retriever.explain(query, chunkId, call) : undefined
    },
    async deleteTag(tag) {
      let deleted = 0
      for (const answer of answers) if (answer.tags.has(tag) && answers.delete(answer)) deleted += 1
      return deleted
    },
  }
}
