import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cache, memoryCache, RagError } from '@tesserae/core'
import { afterEach, describe, expect, it } from 'vitest'
import { cachedFormat } from './cached-format.js'
import { folderCache } from './folder-cache.js'
import { type Format, type ParsedSource, parseDocument } from './format.js'
import { htmlFormat } from './html/index.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-cache-'))
  folders.push(folder)
  return folder
}

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** Counts how often it is asked; refuses what says "broken". */
function scanner() {
  const made = {
    name: 'scan',
    extensions: ['.scan'],
    calls: 0,
    async parse({ bytes, uri }): Promise<ParsedSource> {
      made.calls += 1
      const text = new TextDecoder().decode(bytes)
      if (text.includes('broken')) throw new RagError('load-failed', `${uri}: unreadable`)
      const origin = { offsets: Uint32Array.of(0, text.length), origins: Uint32Array.of(0, 2 * text.length) }
      return { text, marks: [{ kind: 'page', start: 0, end: text.length, label: 'ix' }], origin }
    },
  } satisfies Format & { calls: number }
  return made
}

const caches: readonly (readonly [string, () => Cache<ParsedSource>])[] = [
  ['in memory', () => memoryCache<ParsedSource>({ maxEntries: 10 })],
  ['in a folder', () => folderCache<ParsedSource>({ folder: newFolder() })],
]

describe.each(caches)('cachedFormat, %s', (_where, makeCache) => {
  it('parses the same bytes once, under whatever name, and gives the same document', async () => {
    const scan = scanner()
    const format = cachedFormat(scan, makeCache(), { version: '1' })
    const first = await parseDocument({ bytes: bytesOf('one page'), uri: 'a.scan' }, { format, id: 'x' })
    const second = await parseDocument({ bytes: bytesOf('one page'), uri: 'b.scan' }, { format, id: 'x' })
    expect(scan.calls).toBe(1)
    expect(second).toEqual({ ...first, uri: 'b.scan' })
    expect(second.origin?.origins).toEqual(Uint32Array.of(0, 16))
  })

  it('parses again what differs: the bytes, the character set, the version, the page that links start from', async () => {
    const scan = scanner()
    const cache = makeCache()
    const format = cachedFormat(scan, cache, { version: '1' })
    const bytes = bytesOf('one page')
    await format.parse({ bytes, uri: 'a' })
    await format.parse({ bytes: bytesOf('one pagE'), uri: 'a' })
    await format.parse({ bytes, uri: 'a', charset: 'latin1' })
    await cachedFormat(scan, cache, { version: '2' }).parse({ bytes, uri: 'a' })
    await format.parse({ bytes, uri: 'https://a.example/x' })
    expect(scan.calls).toBe(5)
  })

  it('keeps no failure, and forgets a content when it is told to', async () => {
    const scan = scanner()
    const cache = makeCache()
    const format = cachedFormat(scan, cache, { version: '1' })
    for (let n = 0; n < 2; n++) {
      await expect(format.parse({ bytes: bytesOf('broken'), uri: 'a' })).rejects.toThrow('unreadable')
    }
    expect(scan.calls).toBe(2)
    await format.parse({ bytes: bytesOf('abc'), uri: 'a' })
    const sha = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(await cache.deleteTag(`content:${sha}`)).toBe(1)
    expect(await cache.deleteTag(`content:${sha}`)).toBe(0)
    await format.parse({ bytes: bytesOf('abc'), uri: 'a' })
    expect(scan.calls).toBe(4)
  })
})

describe('cachedFormat', () => {
  it('gives each page its own links', async () => {
    const format = cachedFormat(
      htmlFormat({ links: 'inline', mainContent: false }),
      memoryCache({ maxEntries: 9 }),
      {
        version: '1',
      },
    )
    const bytes = bytesOf('<p>See <a href="next">the next one</a>.</p>')
    for (const page of ['https://a.example/', 'https://b.example/']) {
      expect((await format.parse({ bytes, uri: page })).text).toContain(`${page}next`)
    }
  })

  it('works without a cache that fails, and stops when it is told to', async () => {
    const scan = scanner()
    const down = () => Promise.reject(new Error('disk'))
    const format = cachedFormat(scan, { get: down, set: down, deleteTag: down }, { version: '1' })
    const told: string[] = []
    const { text } = await format.parse(
      { bytes: bytesOf('page'), uri: 'a' },
      { observer: ({ type }) => told.push(type) },
    )
    expect([text, told]).toEqual(['page', ['cache.failed', 'cache.read', 'cache.failed']])
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(format.parse({ bytes: bytesOf('page'), uri: 'a' }, { signal })).rejects.toThrow('enough')
    expect(scan.calls).toBe(1)
    expect(() => cachedFormat(scan, memoryCache({ maxEntries: 1 }), { version: '' })).toThrow(/version/)
  })
})

describe('folderCache', () => {
  it('is there in the next process, and holds no draft', async () => {
    const folder = newFolder()
    const value = { numbers: Float32Array.of(1, 2), map: new Map([['a', [1]]]) }
    await folderCache<typeof value>({ folder: join(folder, 'deep', 'er') }).set([{ key: 'k', value }])
    const again = folderCache<typeof value>({ folder: join(folder, 'deep', 'er') })
    expect(await again.get(['k', 'other'])).toEqual([value, undefined])
    expect(readdirSync(join(folder, 'deep', 'er')).every((name) => name.endsWith('.entry'))).toBe(true)
  })

  it('takes a file that was cut short or changed for no entry', async () => {
    const folder = newFolder()
    const cache = folderCache<string>({ folder })
    const damages: readonly ((path: string) => void)[] = [
      (path) => truncateSync(path, 40),
      (path) => truncateSync(path, 0),
      (path) => {
        const bytes = readFileSync(path)
        bytes[bytes.length - 3]! ^= 1
        writeFileSync(path, bytes)
      },
    ]
    for (const damage of damages) {
      await cache.set([{ key: 'k', value: 'a value' }])
      damage(join(folder, readdirSync(folder)[0]!))
      expect(await cache.get(['k'])).toEqual([undefined])
      expect(readdirSync(folder)).toEqual([])
    }
  })

  it('removes what a process that died was writing, not what is being written', async () => {
    const folder = newFolder()
    for (const name of ['left.draft', 'running.draft']) writeFileSync(join(folder, name), 'half of')
    utimesSync(join(folder, 'left.draft'), 1, 1)
    await folderCache<string>({ folder }).set([{ key: 'k', value: 'v' }])
    expect(readdirSync(folder).filter((name) => name.endsWith('.draft'))).toEqual(['running.draft'])
  })

  it('lets what was used longest ago go, and what is too old', async () => {
    const folder = newFolder()
    let time = 1_000_000
    const entry = (key: string) => ({ key, value: 'x'.repeat(1000) })
    const cache = folderCache<string>({ folder, maxBytes: 3500, ttlMs: 60_000, now: () => time })
    for (const key of ['a', 'b', 'c']) {
      time += 1000
      await cache.set([entry(key)])
    }
    time += 1000
    await cache.get(['a'])
    time += 1000
    await cache.set([entry('d'), { key: 'huge', value: 'x'.repeat(4000) }])
    const kept = async () =>
      (await cache.get(['a', 'b', 'c', 'd', 'huge'])).map((value) => value !== undefined)
    expect(await kept()).toEqual([true, false, true, true, false])
    time = 1_003_000 + 60_000
    expect(await kept()).toEqual([false, false, false, true, false])
  })

  it('has nothing where there is no folder', async () => {
    const cache = folderCache<string>({ folder: join(newFolder(), 'none') })
    expect(await cache.get(['a'])).toEqual([undefined])
    expect(await cache.deleteTag('a')).toBe(0)
    expect(() => folderCache({ folder: '' })).toThrow(/folder/)
  })
})
