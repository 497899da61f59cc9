// Many customers ask one service: each tenant, and each collection within it, is answered from its own documents only.

import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { recursiveChunker } from '@tesserae/chunkers'
import {
  and,
  cachedRetriever,
  documentSync,
  eq,
  exists,
  type Hit,
  memoryCache,
  ne,
  type Retriever,
  scopeRetriever,
  versionedStore,
} from '@tesserae/core'
import { texts } from '@tesserae/loaders'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { sqliteStore } from '@tesserae/retrievers/sqlite'
import { describe, expect, it } from 'vitest'

const chunker = recursiveChunker()
const price = (name: string, amount: number) => ({
  name,
  text: `The price list: a ${name} costs ${amount} francs.`,
})

/** One index for all tenants. Its handles are the only way in: none of them can be had without a tenant. */
function service() {
  const store = memoryStore()
  const kept = versionedStore(store)
  const search = lexicalRetriever({ store })
  const cache = memoryCache<readonly Hit[]>({ maxEntries: 100 })
  return (tenant: string) => {
    const mine = (documentId: string) => documentId.startsWith(`${tenant}/`)
    const base = documentSync({ chunker, store: kept, owns: mine })
    /** The same file name in two tenants must be two documents: the id begins with the tenant. */
    const source = (collection: string, files: readonly { readonly name: string; readonly text: string }[]) =>
      texts(
        files.map(({ name, text }) => ({
          id: `${tenant}/${collection}/${name}`,
          text,
          metadata: { tenant, collection },
        })),
      )
    return {
      sync: (collection: string, files: Parameters<typeof source>[1]) => base.sync(source(collection, files)),
      collection: (collection: string): Retriever => {
        const scope = and(eq('tenant', tenant), eq('collection', collection))
        const own = cachedRetriever(search, cache, { version: () => kept.version(), tenant })
        return scopeRetriever(own, scope, { hide: ['tenant'] })
      },
    }
  }
}

describe('a service with many tenants', () => {
  const textsOf = (hits: readonly Hit[]) => hits.map(({ chunk }) => chunk.text)

  it('answers each tenant from its own documents, though all have a file of the same name', async () => {
    const open = service()
    const [a, b] = [open(randomUUID()), open(randomUUID())]
    await a.sync('prices', [price('chair', 100)])
    await b.sync('prices', [price('chair', 250)])
    expect(textsOf(await a.collection('prices').retrieve('price of a chair'))).toEqual([
      price('chair', 100).text,
    ])
    expect(textsOf(await b.collection('prices').retrieve('price of a chair'))).toEqual([
      price('chair', 250).text,
    ])
    // Asked again, from the cache: still its own.
    expect(textsOf(await a.collection('prices').retrieve('price of a chair'))).toEqual([
      price('chair', 100).text,
    ])
    expect(await a.collection('contracts').retrieve('price of a chair')).toEqual([])
  })

  it('lets no filter out of the tenant, and no tenant’s id out of the service', async () => {
    const open = service()
    const [mine, theirs] = [randomUUID(), randomUUID()]
    await open(mine).sync('prices', [price('chair', 100)])
    await open(theirs).sync('prices', [price('chair', 250)])
    const search = open(mine).collection('prices')
    for (const filter of [eq('tenant', theirs), ne('tenant', mine), exists('tenant')]) {
      for (const { chunk } of await search.retrieve('chair', { filter })) expect(chunk.text).toContain('100')
    }
    const [hit] = await search.retrieve('chair', { filter: exists('tenant') })
    expect(hit!.chunk.metadata).toEqual({ collection: 'prices' })
  })

  it('refuses a scope that what has no tenant would pass', () => {
    const search = lexicalRetriever({ store: memoryStore() })
    expect(() => scopeRetriever(search, ne('tenant', 'somebody else'))).toThrow('empty metadata')
    expect(() => scopeRetriever(search, and())).toThrow('empty metadata')
  })

  it('takes away what a tenant has deleted, and nothing of the others', async () => {
    const open = service()
    const [a, b] = [open(randomUUID()), open(randomUUID())]
    await a.sync('prices', [price('chair', 100), price('table', 300)])
    await b.sync('prices', [price('table', 350)])
    const report = await a.sync('prices', [price('chair', 110)])
    expect([report.documents.written, report.documents.removed]).toEqual([1, 1])
    expect(await a.collection('prices').retrieve('table')).toEqual([])
    expect(textsOf(await a.collection('prices').retrieve('chair'))).toEqual([price('chair', 110).text])
    expect(textsOf(await b.collection('prices').retrieve('table'))).toEqual([price('table', 350).text])
  })

  it('keeps a tenant who wants it so in a file of its own, where its data stays', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tenants-'))
    try {
      const files = [randomUUID(), randomUUID()].map((tenant) => join(folder, `${tenant}.db`))
      for (const [index, path] of files.entries()) {
        const store = await sqliteStore({ path })
        const base = documentSync({ chunker, store })
        await base.sync(texts([{ id: 'prices.md', text: price('chair', 100 + index).text }]))
        expect(textsOf(await lexicalRetriever({ store }).retrieve('chair'))).toEqual([
          price('chair', 100 + index).text,
        ])
        await store.close()
      }
      const [first, second] = await Promise.all(files.map((path) => readFile(path, 'latin1')))
      expect([first!.includes('100 francs'), first!.includes('101 francs')]).toEqual([true, false])
      expect([second!.includes('100 francs'), second!.includes('101 francs')]).toEqual([false, true])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
