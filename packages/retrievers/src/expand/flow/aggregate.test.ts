import { eq, ne, scopeRetriever } from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import { lexicalRetriever } from '../../lexical.js'
import { selfQuery } from '../self-query/self-query.js'
import { chunkOf, idsOf, storeOf } from '../testing/library.js'
import { answering } from '../testing/useless-models.js'
import { aggregateRetriever, scanChunks } from './aggregate.js'
import { isAggregateQuery } from './aggregate-query.js'

describe('all the leases', () => {
  const leases = Array.from({ length: 700 }, (_, i) =>
    chunkOf(`lease-${String(i).padStart(3, '0')}`, `Lease of flat ${i}.`, {
      kind: 'lease',
      autoRenewal: i % 7 !== 0,
      tenant: i % 2 === 0 ? 'a' : 'b',
    }),
  )
  const query = 'Find all the leases without auto-renewal'
  const filterOf = () => eq('autoRenewal', false)
  const make = async (options: { per?: 'chunk' | 'document'; maxMatches?: number } = {}) => {
    const store = await storeOf(leases)
    return aggregateRetriever(lexicalRetriever({ store }), { store, filterOf, ...options })
  }

  it('are all found, not the best five', async () => {
    const { hits, aggregate, complete, filter } = await (await make()).retrieveAll(query)
    expect(idsOf(hits)).toEqual(leases.filter((_, i) => i % 7 === 0).map(({ id }) => id))
    expect(hits).toHaveLength(100)
    expect([aggregate, complete, filter]).toEqual([true, true, eq('autoRenewal', false)])
  })

  it('inside the caller’s filter and scope', async () => {
    const retriever = await make()
    const mine = await retriever.retrieveAll(query, { filter: eq('tenant', 'a') })
    expect(mine.hits).toHaveLength(50)
    const scoped = await scopeRetriever(retriever, eq('tenant', 'a')).retrieve(query, { limit: 500 })
    expect(idsOf(scoped)).toEqual(idsOf(mine.hits))
  })

  it('as many as asked for by `retrieve`, and said to be incomplete when cut', async () => {
    expect(await (await make()).retrieve(query, { limit: 3 })).toHaveLength(3)
    const cut = await (await make({ maxMatches: 99 })).retrieveAll(query)
    expect([cut.hits.length, cut.complete]).toEqual([99, false])
    expect((await (await make({ maxMatches: 100 })).retrieveAll(query)).complete).toBe(true)
  })

  it('once per document, if so wished', async () => {
    const parts = ['x#1', 'x#2', 'y#1'].map((id) => chunkOf(id, id, { autoRenewal: false }))
    const store = await storeOf(parts)
    const retriever = aggregateRetriever(lexicalRetriever({ store }), { store, filterOf, per: 'document' })
    expect(idsOf((await retriever.retrieveAll(query)).hits)).toEqual(['x#1', 'y#1'])
  })

  it('are searched for when there is no filter, or no such question', async () => {
    const store = await storeOf(leases)
    const plain = lexicalRetriever({ store })
    const none = aggregateRetriever(plain, { store, filterOf: () => undefined })
    expect(await none.retrieveAll(query)).toEqual({
      hits: await plain.retrieve(query),
      aggregate: false,
      complete: false,
    })
    expect((await (await make()).retrieveAll('who rents flat 12?')).aggregate).toBe(false)
    const failing = aggregateRetriever(plain, { store, filterOf: () => Promise.reject(new Error('down')) })
    expect(await failing.retrieve(query)).toEqual(await plain.retrieve(query))
  })

  it('by a self-query, whose hostile filter finds nothing more', async () => {
    const store = await storeOf(leases)
    const schema = { autoRenewal: { type: 'boolean' as const } }
    const asked = async (answer: unknown) => {
      const model = answering(answer)
      const retriever = aggregateRetriever(lexicalRetriever({ store }), {
        store,
        filterOf: async (text, call) => (await selfQuery(text, { model, schema }, call)).filter,
      })
      return retriever.retrieveAll(query, { filter: eq('tenant', 'a') })
    }
    expect((await asked({ query, filter: { autoRenewal: 'false' } })).hits).toHaveLength(50)
    const hostile = {
      query,
      filter: { op: 'or', filters: [{ op: 'exists', field: 'autoRenewal' }, ne('tenant', 'a')] },
    }
    const { hits, aggregate } = await asked(hostile)
    expect(aggregate).toBe(false)
    const wide = await asked({ query, filter: { op: 'exists', field: 'autoRenewal' } })
    for (const { chunk } of [...hits, ...wide.hits]) expect(chunk.metadata.tenant).toBe('a')
  })

  it('are read page by page, and an abort ends it', async () => {
    const store = await storeOf(leases)
    const reason = new Error('enough')
    const controller = new AbortController()
    const seen: string[] = []
    const reading = (async () => {
      for await (const { id } of scanChunks(store, undefined, { signal: controller.signal })) {
        seen.push(id)
        if (seen.length === 300) controller.abort(reason)
      }
    })()
    await expect(reading).rejects.toBe(reason)
    expect(seen.length).toBeLessThan(leases.length)
  })
})

describe('isAggregateQuery', () => {
  it.each([
    'Find all the leases without auto-renewal',
    'all of our contracts with X',
    'list every policy on travel',
    'how many leases end in 2025?',
    'number of open tickets',
    'which of the leases have no deposit?',
    'show all products under 10',
    'Give me a complete list of vendors',
    'each of the contracts with a penalty',
  ])('is one: %s', (query) => {
    expect(isAggregateQuery(query)).toBe(true)
  })

  it.each([
    'who pays the deposit?',
    'is the flat quiet all the time?',
    'put it in all caps',
    'what does it cost each month?',
    'is rent due every month?',
    'does it apply at all?',
    'small talk',
    '',
    'all'.repeat(100_000),
  ])('is none: %.40s', (query) => {
    expect(isAggregateQuery(query)).toBe(false)
  })
})
