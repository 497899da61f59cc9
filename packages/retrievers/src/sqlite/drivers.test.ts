import { type Entry, embeddingText, sha256 } from '@tesserae/core'
import { seededRandom } from '@tesserae/core/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { libsqlDriver, nodeDriver, type SqliteDriver, type SqliteRow } from './index.js'
import { entryOf, randomVector } from './testing/entries.js'
import { plainDriver, stores } from './testing/open.js'

const { files, open } = stores()
afterAll(() => files.remove())

const node = nodeDriver()
const drivers = { libsql: libsqlDriver, ...(node !== undefined && { [node.name]: async () => node }) }

for (const [name, load] of Object.entries(drivers)) {
  describe(`${name}, asked for one row`, () => {
    const table = async () => {
      const path = files.path()
      const driver = await load()
      const connection = driver.open(path)
      connection.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER PRIMARY KEY, a TEXT, b BLOB)')
      const insert = connection.prepare('INSERT INTO t VALUES (?, ?, ?)')
      insert.run([1, 'one', new Uint8Array([1, 2, 3])])
      insert.run([2, 'two', null])
      insert.run([3, null, new Uint8Array()])
      return { connection, again: () => driver.open(path) }
    }

    it('gives what is first of all rows, columns alone, or nothing', async () => {
      const { connection } = await table()
      const statement = connection.prepare('SELECT b, n, a, n / 2.0 AS half FROM t WHERE n >= ? ORDER BY n')
      for (const from of [1, 2, 3, 1]) {
        const all = statement.all([from])
        expect(all).toHaveLength(4 - from)
        expect({ ...statement.get?.([from]) }).toStrictEqual({ ...all[0] })
      }
      expect(statement.get?.([4])).toBeUndefined()
      connection.close()
    })

    it('leaves no statement that still reads', async () => {
      const { connection, again } = await table()
      const statement = connection.prepare('SELECT n FROM t ORDER BY n')
      expect(statement.get?.([])?.n).toBe(1)
      const other = again()
      other.prepare('INSERT INTO t VALUES (0, NULL, NULL)').run([])
      // Busy, were there a reader of what was before.
      const [state] = other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all([])
      expect(state?.busy).toBe(0)
      expect(statement.get?.([])?.n).toBe(0)
      other.close()
      connection.close()
    })
  })
}

describe('a sqliteStore', () => {
  /** Bytes as other drivers may give them: in the midst of a buffer with others. */
  const pooled = (row: SqliteRow) =>
    Object.fromEntries(
      Object.entries(row).map(([column, value]) => [
        column,
        value instanceof Uint8Array
          ? Buffer.concat([new Uint8Array(3), value, new Uint8Array(9)]).subarray(3, -9)
          : value,
      ]),
    )

  /** Counts how often all rows were asked for. */
  const counting = (driver: SqliteDriver, withGet: boolean) => {
    let cursors = 0
    const counted: SqliteDriver = {
      name: 'counting',
      open(path) {
        const connection = driver.open(path)
        return {
          exec: (sql) => connection.exec(sql),
          prepare(sql) {
            const { run, all, get } = connection.prepare(sql)
            return {
              run,
              all(values) {
                cursors += 1
                return all(values).map(pooled)
              },
              ...(withGet && get !== undefined && { get }),
            }
          },
          close: () => connection.close(),
        }
      },
    }
    return { driver: counted, cursors: () => cursors }
  }

  const entriesOf = (count: number, text: string): Entry[] =>
    Array.from({ length: count }, (_, i) => ({
      ...entryOf(`c${i}`, `${text} ${i}`),
      revision: `${text}.${i}`,
    }))

  /** Everything that comes a chunk at a time, once for each of `count` chunks. */
  const work = async (driver: SqliteDriver, count: number) => {
    const store = await open(undefined, { driver })
    const entries = entriesOf(count, 'quiet hours')
    await store.upsert(entries)
    const edited = entriesOf(count, 'quiet nights')
    await store.upsert(edited)
    const ids = entries.map(({ chunk }) => chunk.id)
    const random = seededRandom(7)
    const keyOf = ({ chunk }: Entry) => `model:${sha256(embeddingText(chunk))}`
    const cache = store.embeddingCache()
    await cache.set(edited.map((entry) => ({ key: keyOf(entry), value: randomVector(random) })))
    const result = {
      chunks: await store.get(ids),
      vectors: await store.vectors(ids),
      found: await store.vectorsByInput(ids.map((_, i) => String(i))),
      cached: await cache.get(edited.map(keyOf)),
      hits: await store.searchByText('nights', { limit: count }),
    }
    await store.delete(ids)
    expect(await cache.get(edited.map(keyOf))).toEqual(ids.map(() => undefined))
    await store.close()
    return result
  }

  it('opens no cursor for each chunk', async () => {
    const few = counting(await plainDriver(), true)
    const many = counting(await plainDriver(), true)
    await work(few.driver, 10)
    const { hits, chunks, vectors, found, cached } = await work(many.driver, 500)
    expect(hits).toHaveLength(500)
    for (const given of [chunks, vectors, found, cached]) {
      expect(given.filter((one) => one !== undefined)).toHaveLength(500)
    }
    expect(many.cursors()).toBe(few.cursors())
  })

  it('works the same with a driver that only gives all rows', async () => {
    const without = counting(await plainDriver(), false)
    expect(await work(without.driver, 50)).toEqual(await work(await plainDriver(), 50))
    expect(without.cursors()).toBeGreaterThan(50)
  })
})
