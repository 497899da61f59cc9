import { invalid } from './check.js'
import type { Metadata } from './document.js'
import { type ExplainableRetriever, explainHit } from './explain.js'
import type { Filter } from './filter/filter.js'
import { compileFilter, matchesFilter } from './filter/matches.js'
import { fingerprint } from './fingerprint.js'
import { tell } from './observe.js'
import type { CallOptions } from './observer.js'
import type { Hit, RetrieveOptions, Retriever } from './retriever.js'
import { shareOf, type TellsShare } from './tells-share.js'

/**
 * What a caller may see: a filter, or a function that finds it for each call (whose rights may have changed).
 * A function that answers `undefined` grants nothing.
 */
export type Scope = Filter | ((options: CallOptions) => Filter | undefined | Promise<Filter | undefined>)

export interface ScopeOptions {
  /** Metadata fields that are taken out of the hits, such as the tenant's id. @default none */
  readonly hide?: readonly string[] | undefined
}

/**
 * A retriever that cannot leave its scope. The scope is added to every call's filter with `and`, so no filter,
 * whoever wrote it, can widen it; and every hit is checked again on the way out, so nothing that was brought
 * in afterwards (a parent, a neighbour, a cached answer) gets through: it is dropped, and the observer is told
 * with `scope.dropped`.
 *
 * Throws `invalid-argument` for a scope that empty metadata satisfies (`ne`, `not`, `and []`): a chunk that
 * lacks the field would be everyone's. A scope found by a function is held to the same, at each call.
 */
export function scopeRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  scope: Scope,
  options: ScopeOptions = {},
): ExplainableRetriever<M> & TellsShare {
  const hidden = new Set(options.hide ?? [])
  const fixed = typeof scope === 'function' ? undefined : checkScope(scope)
  // Two scopes around the same retriever are two retrievers: caches and traces must not mix them up.
  const name = `scoped${fixed === undefined ? '' : `:${fingerprint(fixed)}`}(${retriever.name})`

  /** What was asked inside, and the hits that may be seen. */
  const search = async (query: string, call: RetrieveOptions) => {
    const { signal, observer, filter } = call
    signal?.throwIfAborted()
    const granted = typeof scope === 'function' ? await scope({ signal, observer }) : fixed
    if (granted === undefined || granted === null) {
      tell(observer, { type: 'scope.denied', source: name })
      return { inside: call, allowed: [] }
    }
    const inScope = compileFilter(fixed ?? checkScope(granted))
    const both: Filter = filter == null ? granted : { op: 'and', filters: [granted, filter] }
    const inside = { ...call, filter: both }
    const hits = await retriever.retrieve(query, inside)
    const allowed = hits.filter((hit) => inScope(hit.chunk.metadata))
    if (allowed.length < hits.length) {
      tell(observer, {
        type: 'scope.dropped',
        source: name,
        counts: { hits: hits.length - allowed.length },
      })
    }
    return { inside, allowed }
  }

  const scoped: ExplainableRetriever<M> & TellsShare = {
    name,
    async retrieve(query, call = {}) {
      const { allowed } = await search(query, call)
      return hidden.size === 0 ? allowed : allowed.map((hit) => withoutFields(hit, hidden))
    },
    vectorShare: (query: string) => shareOf(retriever, query),
    async explain(query, chunkId, call = {}) {
      // Found first: numbers about a chunk outside of the scope would tell of it.
      const { inside, allowed } = await search(query, call)
      const hit = allowed.find(({ chunk }) => chunk.id === chunkId)
      return hit && explainHit(retriever, query, hit, inside)
    },
  }
  if (fixed === undefined) scopedByCall.add(scoped)
  return scoped
}

const scopedByCall = new WeakSet<object>()

/** Whether a retriever's scope is found call by call, so that equal questions may have different answers. */
export function isScopedByCall(retriever: object): boolean {
  return scopedByCall.has(retriever)
}

function checkScope(scope: Filter): Filter {
  if (typeof scope !== 'object' || scope === null) invalid('scope', 'a filter', scope)
  if (matchesFilter(scope, {})) {
    invalid(
      'scope',
      'a filter that empty metadata does not satisfy',
      scope,
      'Name what is allowed, such as eq("tenant", id), rather than what is not.',
    )
  }
  return scope
}

function withoutFields<M extends Metadata>(hit: Hit<M>, hidden: ReadonlySet<string>): Hit<M> {
  const kept = Object.fromEntries(Object.entries(hit.chunk.metadata).filter(([field]) => !hidden.has(field)))
  return { ...hit, chunk: { ...hit.chunk, metadata: kept as M } }
}

/** The wrapper, known to be scoped call by call if what it wraps is. */
export function scopedAs<T extends object>(inner: object, wrapper: T): T {
  if (isScopedByCall(inner)) scopedByCall.add(wrapper)
  return wrapper
}
