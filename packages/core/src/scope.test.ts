import { describe, expect, it } from 'vitest'
import type { Metadata } from './document.js'
import { and, eq, exists, ne, not, oneOf, or } from './filter/build.js'
import type { Filter } from './filter/filter.js'
import { matchesFilter } from './filter/matches.js'
import type { RagEvent } from './observer.js'
import type { Hit, RetrieveOptions, Retriever } from './retriever.js'
import { type Scope, scopeRetriever } from './scope.js'

function hit(id: string, metadata: Metadata): Hit {
  return {
    score: 1,
    trace: [],
    chunk: { id, documentId: id, index: 0, start: 0, end: 1, text: 'x', headings: [], metadata },
  }
}

const everything = [
  hit('a1', { tenant: 'a', secret: true }),
  hit('a2', { tenant: 'a', secret: false }),
  hit('b1', { tenant: 'b', secret: false }),
  hit('none', {}),
]

/** Honours filters, unless it is told to leak. */
function retriever(leaky = false): Retriever & { readonly asked: RetrieveOptions[] } {
  const asked: RetrieveOptions[] = []
  return {
    name: 'all',
    asked,
    async retrieve(_query, options = {}) {
      asked.push(options)
      const { filter } = options
      return everything.filter((one) => leaky || !filter || matchesFilter(filter, one.chunk.metadata))
    },
  }
}

const ids = (hits: readonly Hit[]) => hits.map(({ chunk }) => chunk.id)

describe('scopeRetriever', () => {
  const scope = eq('tenant', 'a')

  it('finds only what is in scope, with or without a filter', async () => {
    const scoped = scopeRetriever(retriever(), scope)
    expect(ids(await scoped.retrieve('q'))).toEqual(['a1', 'a2'])
    expect(ids(await scoped.retrieve('q', { filter: eq('secret', false) }))).toEqual(['a2'])
    expect(ids(await scoped.retrieve('q', { filter: undefined }))).toEqual(['a1', 'a2'])
    expect(ids(await scoped.retrieve('q', { filter: null as never }))).toEqual(['a1', 'a2'])
  })

  it.each<[string, Filter]>([
    ['another tenant', eq('tenant', 'b')],
    ['all tenants', or(eq('tenant', 'a'), eq('tenant', 'b'))],
    ['everything', and()],
    ['its opposite', not(scope)],
    ['everything else', ne('tenant', 'a')],
  ])('cannot be widened by a filter for %s', async (_, filter) => {
    const inner = retriever()
    const found = ids(await scopeRetriever(inner, scope).retrieve('q', { filter }))
    expect(found.every((id) => id.startsWith('a'))).toBe(true)
    expect(inner.asked[0]?.filter).toEqual({ op: 'and', filters: [scope, filter] })
  })

  it('passes the query’s other options on', async () => {
    const inner = retriever()
    const { signal } = new AbortController()
    await scopeRetriever(inner, scope).retrieve('q', { limit: 3, signal })
    expect(inner.asked[0]).toMatchObject({ limit: 3, signal, filter: scope })
  })

  it('drops what a retriever brings in from outside, and tells', async () => {
    const events: RagEvent[] = []
    const scoped = scopeRetriever(retriever(true), scope)
    const found = await scoped.retrieve('q', { observer: (event) => events.push(event) })
    expect(ids(found)).toEqual(['a1', 'a2'])
    expect(events).toEqual([{ type: 'scope.dropped', source: scoped.name, counts: { hits: 2 } }])
  })

  it.each<[string, Filter]>([
    ['ne', ne('tenant', 'b')],
    ['not', not(eq('tenant', 'b'))],
    ['an empty and', and()],
    ['an or with an open clause', or(eq('tenant', 'a'), not(exists('tenant')))],
  ])('refuses a scope that empty metadata satisfies: %s', async (_, open) => {
    expect(() => scopeRetriever(retriever(), open)).toThrow('empty metadata')
    await expect(scopeRetriever(retriever(), () => open).retrieve('q')).rejects.toMatchObject({
      code: 'invalid-argument',
    })
  })

  it('accepts a negative clause beside a positive one, and a scope of several tenants', async () => {
    const scoped = scopeRetriever(retriever(), and(scope, not(eq('secret', true))))
    expect(ids(await scoped.retrieve('q'))).toEqual(['a2'])
    expect(ids(await scopeRetriever(retriever(), oneOf('tenant', ['a', 'b'])).retrieve('q'))).toHaveLength(3)
    expect(ids(await scopeRetriever(retriever(), oneOf('tenant', [])).retrieve('q'))).toEqual([])
  })

  it('asks for the scope at each call, and grants nothing without an answer', async () => {
    const rights: (Filter | undefined)[] = [scope, eq('tenant', 'b'), undefined]
    const inner = retriever()
    const events: RagEvent[] = []
    const find: Scope = async () => rights.shift()
    const scoped = scopeRetriever(inner, find)
    const observer = (event: RagEvent) => void events.push(event)
    expect(ids(await scoped.retrieve('q', { observer }))).toEqual(['a1', 'a2'])
    expect(ids(await scoped.retrieve('q', { observer }))).toEqual(['b1'])
    expect(ids(await scoped.retrieve('q', { observer }))).toEqual([])
    expect(inner.asked).toHaveLength(2)
    expect(events).toEqual([{ type: 'scope.denied', source: 'scoped(all)' }])
    const broken = scopeRetriever(inner, async () => Promise.reject(new Error('directory is down')))
    await expect(broken.retrieve('q')).rejects.toThrow('directory is down')
  })

  it('takes hidden fields out of copies', async () => {
    const scoped = scopeRetriever(retriever(), scope, { hide: ['tenant'] })
    expect((await scoped.retrieve('q')).map(({ chunk }) => chunk.metadata)).toEqual([
      { secret: true },
      { secret: false },
    ])
    expect(everything[0]?.chunk.metadata).toEqual({ tenant: 'a', secret: true })
  })

  it('nests: each scope narrows', async () => {
    const inner = scopeRetriever(retriever(), scope)
    expect(ids(await scopeRetriever(inner, eq('secret', true)).retrieve('q'))).toEqual(['a1'])
  })

  it('has another name for another scope', () => {
    const names = [scope, eq('tenant', 'b')].map((one) => scopeRetriever(retriever(), one).name)
    expect(new Set(names).size).toBe(2)
  })
})
