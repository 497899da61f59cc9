import { afterAll, describe, expect, it } from 'vitest'
import type { SqliteDriver } from './index.js'
import { entryOf } from './testing/entries.js'
import { listed, plainDriver, stores } from './testing/open.js'

const { files, open } = stores()
afterAll(() => files.remove())

describe('a sqliteStore whose driver fails', () => {
  /** A driver that throws in the place of the statements that `fails` names. */
  const failing = (driver: SqliteDriver, fails: (sql: string) => object | undefined): SqliteDriver => ({
    name: 'failing',
    open(path) {
      const connection = driver.open(path)
      const guard = (sql: string) => {
        const error = fails(sql)
        if (error !== undefined) throw Object.assign(new Error('injected'), error)
      }
      return {
        exec(sql) {
          guard(sql)
          connection.exec(sql)
        },
        prepare(sql) {
          const statement = connection.prepare(sql)
          return {
            run(values) {
              guard(sql)
              statement.run(values)
            },
            all(values) {
              guard(sql)
              return statement.all(values)
            },
          }
        },
        close: () => connection.close(),
      }
    },
  })

  it('tells why, by the codes of either driver', async () => {
    const cases = [
      [{ code: 'SQLITE_FULL' }, 'store-failed', 'disk-full'],
      [{ code: 'SQLITE_IOERR_WRITE' }, 'store-failed', 'input-output'],
      [{ code: 'ERR_SQLITE_ERROR', errcode: 8 | (1 << 8) }, 'store-failed', 'read-only'],
      [{ code: 'ERR_SQLITE_ERROR', errcode: 5 }, 'store-failed', 'locked'],
      [{ code: 'SQLITE_CORRUPT' }, 'corrupt-data', 'damaged'],
      [{}, 'store-failed', 'other'],
    ] as const
    for (const [error, code, reason] of cases) {
      let on = false
      const driver = failing(await plainDriver(), (sql) =>
        on && sql.includes('INTO vectors') ? error : undefined,
      )
      const store = await open(undefined, { driver })
      await store.upsert([entryOf('a', 'one')])
      on = true
      await expect(store.upsert([entryOf('b', 'two')])).rejects.toMatchObject({ code, details: { reason } })
      on = false
      expect(await listed(store)).toMatchObject([{ id: 'a' }])
      await store.upsert([entryOf('b', 'two')])
      expect((await store.check()).problems).toEqual([])
      await store.close()
    }
  })

  it("passes on what the caller's own functions throw", async () => {
    const own = new TypeError('mine')
    const path = files.path()
    const store = await open(path)
    await store.upsert([entryOf('a', 'one')])
    await store.close()
    const indexedText = () => {
      throw own
    }
    await expect(open(path, { indexedText })).rejects.toBe(own)
    await (await open(path)).close()
  })

  it('never reads from a transaction that could not be rolled back', async () => {
    let on = false
    const driver = failing(await plainDriver(), (sql) =>
      on && /INTO vectors|ROLLBACK/.test(sql) ? { code: 'SQLITE_IOERR' } : undefined,
    )
    const store = await open(undefined, { driver })
    await store.upsert([entryOf('a', 'one')])
    on = true
    await expect(store.upsert([entryOf('b', 'two'), entryOf('c', 'three')])).rejects.toThrow('injected')
    await expect(listed(store)).rejects.toThrow('injected')
    on = false
    expect(await listed(store)).toMatchObject([{ id: 'a' }])
    expect(await store.get(['b'])).toEqual([undefined])
    await store.close()
  })

  it('knows what a commit did that reported a failure', async () => {
    let on = false
    const plain = await plainDriver()
    const driver: SqliteDriver = {
      name: 'unclear',
      open(path) {
        const connection = plain.open(path)
        return {
          ...connection,
          exec(sql) {
            connection.exec(sql)
            if (on && sql === 'COMMIT') throw Object.assign(new Error('injected'), { code: 'SQLITE_IOERR' })
          },
        }
      },
    }
    const store = await open(undefined, { driver })
    on = true
    await expect(store.upsert([entryOf('a', 'one word')])).rejects.toThrow('injected')
    on = false
    expect((await store.searchByText('word', { limit: 3 })).length).toBe(1)
    await store.upsert([entryOf('b', 'another word')])
    expect((await store.searchByText('word', { limit: 3 })).length).toBe(2)
    expect((await store.check()).problems).toEqual([])
    await store.close()
  })

  it('keeps what was written when the indexes cannot be stored meanwhile', async () => {
    let on = false
    const driver = failing(await plainDriver(), (sql) =>
      on && sql.includes('INTO snapshot_parts') ? { code: 'SQLITE_FULL' } : undefined,
    )
    const store = await open(undefined, { driver })
    on = true
    const many = Array.from({ length: 10_001 }, (_, i) => entryOf(`c${i}`, 'word', { vector: false }))
    await store.upsert(many)
    expect(store.size).toBe(10_001)
    await expect(store.checkpoint()).rejects.toMatchObject({ details: { reason: 'disk-full' } })
    on = false
    await store.checkpoint()
    await store.close()
  })
})
