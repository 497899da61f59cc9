import { writeFileSync } from 'node:fs'
import { embeddingText, eq } from '@tesserae/core'
import { seededRandom } from '@tesserae/core/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { memoryStore } from '../memory-store/store.js'
import type { SqliteStore } from './index.js'
import { migrate, userVersion } from './schema.js'
import { dimensions, entryOf, randomEntry, randomVector } from './testing/entries.js'
import { listed, plainDriver, stores } from './testing/open.js'

const { files, open } = stores()
afterAll(() => files.remove())

/** Changes the file behind the store's back. */
async function tamper(path: string, sql: string): Promise<void> {
  const connection = (await plainDriver()).open(path)
  connection.exec('PRAGMA foreign_keys = OFF')
  connection.exec(sql)
  connection.close()
}

type Searched = Pick<
  SqliteStore,
  'searchByText' | 'searchByVector' | 'list' | 'get' | 'name' | 'upsert' | 'delete'
>

async function expectAlike(actual: Searched, expected: Searched): Promise<void> {
  const refs = await listed(expected)
  expect(await listed(actual)).toEqual(refs)
  const ids = refs.map(({ id }) => id)
  expect(await actual.get(ids)).toEqual(await expected.get(ids))
  const vector = randomVector(seededRandom(7))
  for (const request of [{ limit: 5 }, { limit: 50 }, { limit: 50, filter: eq('tenant', 'a') }]) {
    const query = 'quiet hours garden'
    expect(await actual.searchByText(query, request)).toEqual(await expected.searchByText(query, request))
    expect(await actual.searchByVector(vector, request)).toEqual(
      await expected.searchByVector(vector, request),
    )
  }
}

describe('sqliteStore', () => {
  it('answers as a memory store does, and so does a reader beside it, through stores and reopenings', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = seededRandom(seed)
      const path = files.path()
      const memory = memoryStore({ dimensions })
      let store = await open(path)
      let reader = await open(path, { readOnly: true })
      for (let step = 0; step < 40; step++) {
        const ids = random
          .shuffle(Array.from({ length: 30 }, (_, i) => `c${i}`))
          .slice(0, random.integer(1, 6))
        if (random.chance(0.4)) {
          await store.delete(ids)
          await memory.delete(ids)
        } else {
          const entries = ids.map((id) => randomEntry(random, id))
          await store.upsert(entries)
          await memory.upsert(entries)
        }
        const roll = random()
        if (roll < 0.1) await store.checkpoint()
        else if (roll < 0.2) {
          await store.close()
          store = await open(path)
        } else if (roll < 0.3) {
          await reader.close()
          reader = await open(path, { readOnly: true })
        }
        if (random.chance(0.4)) await expectAlike(reader, memory)
      }
      await expectAlike(store, memory)
      await expectAlike(reader, memory)
      expect(store.size).toBe(memory.size)
      expect(await store.check()).toMatchObject({ chunks: memory.size, problems: [] })
      await store.close()
      await reader.close()
    }
  })

  it('gives vectors back', async () => {
    const store = await open()
    const entry = entryOf('a', 'one')
    await store.upsert([entry, entryOf('b', 'two', { vector: false })])
    expect(await store.vectors(['a', 'b', 'none'])).toEqual([entry.vector, undefined, undefined])
    await store.close()
  })

  it('tells its documents, when they changed, and its generation', async () => {
    let time = 100
    const store = await open(undefined, { now: () => time })
    await store.upsert([entryOf('a', 'one', { documentId: 'x' }), entryOf('b', 'two', { documentId: 'y' })])
    const { generation } = store
    time = 200
    await store.upsert([entryOf('c', 'three', { documentId: 'x' })])
    expect(store.generation).toBe(generation + 1)
    const documents = async () => {
      const all = []
      for await (const document of store.documents()) all.push(document)
      return all
    }
    expect(await documents()).toEqual([
      { id: 'x', chunks: 2, updatedMs: 200 },
      { id: 'y', chunks: 1, updatedMs: 100 },
    ])
    time = 300
    // The only chunk of y moves to x: y is gone.
    await store.upsert([entryOf('b', 'two', { documentId: 'x' })])
    await store.delete(['a'])
    expect(await documents()).toEqual([{ id: 'x', chunks: 2, updatedMs: 300 }])
    await store.close()
  })

  it('refuses calls after it was closed, and writes when it only reads', async () => {
    const path = files.path()
    await expect(open(path, { readOnly: true })).rejects.toMatchObject({ code: 'store-failed' })
    const store = await open(path)
    const reader = await open(path, { readOnly: true })
    for (const write of [reader.upsert([entryOf('a', 'one')]), reader.delete(['a']), reader.checkpoint()]) {
      await expect(write).rejects.toMatchObject({ code: 'store-failed', details: { reason: 'read-only' } })
    }
    await store.close()
    await store.close()
    await expect(store.get(['a'])).rejects.toMatchObject({ details: { reason: 'closed' } })
    await reader.close()
  })

  it('refuses another embedder and says what to do', async () => {
    const path = files.path()
    const store = await open(path)
    await store.close()
    await (await open(path, { embedderId: 'small' })).close()
    // Who does not say is not asked.
    await (await open(path)).close()
    for (const options of [{ embedderId: 'large' }, { dimensions: 7 }, { dimensions: undefined }]) {
      for (const readOnly of [false, true]) {
        await expect(open(path, { ...options, readOnly })).rejects.toMatchObject({
          code: 'incompatible',
          message: expect.stringContaining('ingest into a new file'),
        })
      }
    }
  })

  it('leaves what is not its own alone', async () => {
    const text = files.path()
    writeFileSync(text, 'This is no database, and long enough to be taken for one by nobody. '.repeat(20))
    await expect(open(text)).rejects.toMatchObject({ code: 'corrupt-data' })
    const foreign = files.path()
    await tamper(foreign, 'CREATE TABLE theirs (a)')
    await expect(open(foreign)).rejects.toMatchObject({ code: 'incompatible' })
    const later = files.path()
    await (await open(later)).close()
    await tamper(later, 'PRAGMA user_version = 99')
    await expect(open(later)).rejects.toMatchObject({ code: 'incompatible' })
    await expect(open(`${files.path()}/no/such/folder`)).rejects.toMatchObject({
      code: 'store-failed',
      details: { reason: 'no-access' },
    })
    await expect(open(':memory:')).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('migrates step by step, and not half a step', async () => {
    const connection = (await plainDriver()).open(files.path())
    migrate(connection, 'p', ['CREATE TABLE one (a)'])
    expect(userVersion(connection)).toBe(1)
    expect(() => migrate(connection, 'p', ['', 'CREATE TABLE two (a); CREATE TABLE one (a)'])).toThrow('one')
    expect(userVersion(connection)).toBe(1)
    migrate(connection, 'p', ['', 'CREATE TABLE two (a)', 'CREATE TABLE three (a)'])
    expect(userVersion(connection)).toBe(3)
    connection.close()
  })

  it('stops opening when it is told to', async () => {
    await expect(open(undefined, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    )
  })
})

/** A word of its own for each number. */
const nameOf = (i: number) => `zz${'bcdfghjklm'[Math.floor(i / 10)]}${'bcdfghjklm'[i % 10]}`

describe('the stored indexes of a sqliteStore', () => {
  /** A store that counts the chunks whose text its lexical index reads anew. */
  const counting = async (path: string, indexVersion?: string) => {
    const counter = { read: 0 }
    const store = await open(path, {
      indexVersion,
      indexedText: (chunk) => {
        counter.read++
        return embeddingText(chunk)
      },
    })
    return { store, counter }
  }

  it('are loaded, and only what was written since is read', async () => {
    const path = files.path()
    const first = await open(path)
    await first.upsert(Array.from({ length: 50 }, (_, i) => entryOf(`c${i}`, `word ${nameOf(i)}`)))
    await first.checkpoint()
    await first.upsert([entryOf('c1', 'another word'), entryOf('new', 'a new word')])
    await first.delete(['c2'])
    await first.close()
    const { store, counter } = await counting(path)
    expect(counter.read).toBe(2)
    expect((await store.searchByText('another', { limit: 5 })).map(({ chunk }) => chunk.id)).toEqual(['c1'])
    expect(await store.searchByText(`${nameOf(1)} ${nameOf(2)}`, { limit: 5 })).toEqual([])
    await store.close()
    const renamed = await counting(path, 'two')
    expect(renamed.counter.read).toBe(50)
    await renamed.store.close()
  })

  it('are told by check and made anew when they are damaged', async () => {
    const path = files.path()
    const first = await open(path)
    await first.upsert(Array.from({ length: 20 }, (_, i) => entryOf(`c${i}`, `word ${nameOf(i)}`)))
    await first.checkpoint()
    await first.close()
    await tamper(path, 'UPDATE snapshot_parts SET bytes = zeroblob(length(bytes))')
    const { store, counter } = await counting(path)
    expect(counter.read).toBe(20)
    expect((await store.searchByText(nameOf(7), { limit: 5 })).map(({ chunk }) => chunk.id)).toEqual(['c7'])
    expect((await store.check()).problems).toEqual([
      expect.stringContaining('stored index "lexical" is damaged'),
    ])
    await store.upsert([entryOf('c0', 'changed')])
    await store.checkpoint()
    expect((await store.check()).problems).toEqual([])
    await store.close()
  })

  it('forget old deletions, and a reader that lags behind loads everything again', async () => {
    const path = files.path()
    const store = await open(path)
    const many = Array.from({ length: 10_001 }, (_, i) => entryOf(`c${i}`, 'word', { vector: false }))
    await store.upsert([...many, entryOf('kept', 'kept word')])
    const reader = await open(path, { readOnly: true })
    await store.delete(many.map(({ chunk }) => chunk.id))
    await store.checkpoint()
    await store.upsert([entryOf('late', 'late word')])
    const hits = await reader.searchByText('word', { limit: 20_000 })
    expect(hits.map(({ chunk }) => chunk.id).toSorted()).toEqual(['kept', 'late'])
    await store.close()
    await reader.close()
  })
})

describe('check of a sqliteStore', () => {
  it('checks one state while the store goes on, and stops when it is told to', async () => {
    const store = await open()
    await store.upsert(Array.from({ length: 3000 }, (_, i) => entryOf(`c${i}`, `word ${i}`)))
    const checked = store.check()
    for (let i = 0; i < 20; i++) {
      await store.upsert([entryOf(`new${i}`, 'new word')])
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(await checked).toMatchObject({ chunks: 3000, vectors: 3000, documents: 1, problems: [] })
    const stop = new AbortController()
    const stopped = store.check({ signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
    expect((await store.check()).chunks).toBe(3020)
    await store.close()
  })

  it('finds what does not belong together', async () => {
    const damages: readonly [sql: string, problem: string][] = [
      ['DELETE FROM chunks WHERE ordinal = 1', 'points to a row'],
      ["UPDATE chunks SET content = '{' WHERE ordinal = 1", 'cannot be read'],
      ["UPDATE chunks SET id = 'other' WHERE ordinal = 1", 'holds chunk'],
      ["UPDATE documents SET id = 'other'", 'counts to other'],
      ['UPDATE vectors SET vector = zeroblob(4) WHERE ordinal = 1', 'another length'],
      [
        "UPDATE vectors SET vector = x'0000807f0000000000000000000000000000000000000000'  WHERE ordinal = 1",
        'not finite',
      ],
      ["INSERT INTO documents (id, updated) VALUES ('empty', 0)", 'has no chunk'],
      ['UPDATE chunks SET generation = 99 WHERE ordinal = 1', 'later generation'],
    ]
    for (const [sql, problem] of damages) {
      const path = files.path()
      const store = await open(path)
      await store.upsert([entryOf('a', 'one'), entryOf('b', 'two')])
      expect((await store.check()).problems).toEqual([])
      await tamper(path, sql)
      expect((await store.check()).problems.join('\n'), sql).toContain(problem)
      await store.close()
    }
  })
})
