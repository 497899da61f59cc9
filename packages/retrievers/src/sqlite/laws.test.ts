import { filterLaws, type StoreUnderTest, storeLaws } from '@tesserae/core/testing'
import { afterAll, describe, it } from 'vitest'
import { hnswIndex } from '../hnsw/index.js'
import { libsqlDriver, nodeDriver, sqliteStore } from './index.js'
import { databaseFolder } from './testing/files.js'

const files = databaseFolder()
afterAll(() => files.remove())

const node = nodeDriver()
const drivers = { libsql: libsqlDriver, ...(node !== undefined && { [node.name]: async () => node }) }

const close = (store: StoreUnderTest) => (store as Awaited<ReturnType<typeof sqliteStore>>).close()

for (const [name, load] of Object.entries(drivers)) {
  describe(`sqliteStore on ${name} keeps the laws of a store`, () => {
    const make = async (path = files.path()) =>
      sqliteStore({ path, dimensions: 16, driver: await load(), durability: 'process' })
    const laws = storeLaws(() => make(), {
      vector: 16,
      text: true,
      close,
      reopen: async (store) => {
        const { path, close } = store as Awaited<ReturnType<typeof make>>
        await close.call(store)
        return make(path)
      },
    })
    for (const law of laws) it(law.name, () => law.run())
  })
}

describe('sqliteStore without vectors keeps them too', () => {
  const make = () => sqliteStore({ path: files.path(), durability: 'process' })
  for (const law of storeLaws(make, { text: true, close, count: 40 })) it(law.name, () => law.run())
})

describe('sqliteStore with a graph keeps them, stored and loaded at each reopening', () => {
  const make = (path = files.path()) =>
    sqliteStore({
      path,
      dimensions: 16,
      durability: 'process',
      vectorIndex: (dimensions) => hnswIndex({ dimensions }),
    })
  const laws = storeLaws(() => make(), {
    vector: 16,
    text: true,
    exact: false,
    close,
    reopen: async (store) => {
      const { path } = store as Awaited<ReturnType<typeof make>>
      await (store as Awaited<ReturnType<typeof make>>).checkpoint()
      await close(store)
      return make(path)
    },
  })
  for (const law of laws) it(law.name, () => law.run())
})

describe('sqliteStore answers filters as the reference evaluator does', () => {
  const opened = sqliteStore({ path: files.path(), dimensions: 2, durability: 'process' })
  afterAll(async () => (await opened).close())
  const laws = filterLaws(
    async (filter, metadata) => {
      const store = await opened
      const chunk = {
        id: 'c',
        documentId: 'd',
        index: 0,
        start: 0,
        end: 4,
        text: 'word',
        headings: [],
        metadata,
      }
      await store.upsert([{ chunk, vector: Float32Array.of(1, 0), revision: '' }])
      const hits = await store.searchByVector(Float32Array.of(1, 0), { limit: 1, filter })
      return hits.length === 1
    },
    { count: 500 },
  )
  for (const law of laws) it(law.name, () => law.run())
})
