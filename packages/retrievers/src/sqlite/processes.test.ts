import { isRagError } from '@tesserae/core'
import { afterAll, describe, expect, it } from 'vitest'
import { sqliteStore } from './index.js'
import { entryOf } from './testing/entries.js'
import { databaseFolder } from './testing/files.js'
import { nextMessage, startProcess } from './testing/process.js'

const files = databaseFolder()
afterAll(() => files.remove())

const chunks = 40

/** Chunks that all name the same version, in metadata and text. */
const versionOf = (version: number) =>
  Array.from({ length: chunks }, (_, i) =>
    entryOf(`chunk-${i}`, `common word of version ${version}`, {
      documentId: `d${i % 4}`,
      metadata: { version },
    }),
  )

/** Searches, lists and gets until it is told to stop; tells how often, which versions it saw, and what was torn. */
const reader = `
  import { sqliteStore } from '@tesserae/retrievers/sqlite'
  const store = await sqliteStore({ path: process.argv[1], dimensions: 6, readOnly: true })
  let going = true
  process.on('message', () => { going = false })
  process.send('ready')
  const seen = new Set(), torn = []
  let searches = 0
  try {
    while (going) {
      const byText = await store.searchByText('common', { limit: 100 })
      const byVector = await store.searchByVector(new Float32Array(6).fill(1), { limit: 100 })
      const [{ chunk }] = byText
      const filter = { op: 'eq', field: 'version', value: chunk.metadata.version }
      for (const hits of [byText, byVector]) {
        const versions = new Set(hits.map((hit) => hit.chunk.metadata.version))
        const texts = new Set(hits.map((hit) => hit.chunk.text))
        if (hits.length !== ${chunks} || versions.size !== 1 || texts.size !== 1) torn.push([hits.length, ...versions])
        for (const version of versions) seen.add(version)
      }
      // What has been seen never comes back in an older version.
      const newest = await store.searchByText('common', { limit: 1 })
      if (newest[0].chunk.metadata.version < chunk.metadata.version) torn.push('went back')
      const filtered = await store.searchByText('common', { limit: 100, filter })
      if (filtered.length !== ${chunks} && filtered.length !== 0) torn.push(['filtered', filtered.length])
      searches++
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    process.send({ searches, versions: seen.size, torn, error: null })
  } catch (error) {
    process.send({ searches, versions: seen.size, torn, error: String(error) })
  }
  await store.close()
  process.disconnect()
`

interface Report {
  readonly searches: number
  readonly versions: number
  readonly torn: readonly unknown[]
  readonly error: string | null
}

const writer = `
  import { sqliteStore } from '@tesserae/retrievers/sqlite'
  const store = await sqliteStore({ path: process.argv[1], dimensions: 6 })
  process.send('open')
  setInterval(() => {}, 1000)
`

describe('sqliteStore across processes', () => {
  it('lets eight readers search whole states during writes', async () => {
    const path = files.path()
    const store = await sqliteStore({ path, dimensions: 6, durability: 'process' })
    await store.upsert(versionOf(0))
    const readers = Array.from({ length: 8 }, () => startProcess(reader, path))
    await Promise.all(readers.map(nextMessage))
    for (let version = 1; version <= 60; version++) {
      await store.upsert(versionOf(version))
      if (version % 20 === 0) await store.checkpoint()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const reports = readers.map(nextMessage)
    for (const child of readers) child.send('stop')
    for (const report of (await Promise.all(reports)) as Report[]) {
      expect(report).toMatchObject({ torn: [], error: null })
      expect(report.searches).toBeGreaterThan(0)
      expect(report.versions).toBeGreaterThan(1)
    }
    expect((await store.check()).problems).toEqual([])
    await store.close()
  })

  it('refuses a second writer at once, and takes one when the first was killed', async () => {
    const path = files.path()
    const first = startProcess(writer, path)
    await nextMessage(first)
    const refused = await sqliteStore({ path, dimensions: 6 }).catch((error: unknown) => error)
    expect(isRagError(refused, 'store-failed')).toBe(true)
    expect(refused).toMatchObject({ details: { reason: 'locked' } })
    expect(String(refused)).toContain(`process ${first.pid} on `)

    const beside = await sqliteStore({ path, dimensions: 6, readOnly: true })
    const ended = new Promise((resolve) => first.on('exit', resolve))
    first.kill('SIGKILL')
    await ended
    const second = await sqliteStore({ path, dimensions: 6 })
    await second.upsert([entryOf('a', 'written after the kill')])
    expect(await beside.get(['a'])).toMatchObject([{ text: 'written after the kill' }])
    await second.close()
    await beside.close()
  })

  it('refuses a second writer in the same process too', async () => {
    const path = files.path()
    const first = await sqliteStore({ path })
    await expect(sqliteStore({ path })).rejects.toMatchObject({ details: { reason: 'locked' } })
    await first.close()
    await (await sqliteStore({ path })).close()
  })
})
