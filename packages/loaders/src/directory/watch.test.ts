import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Chunker, documentSync, type RagEvent, shelfStore } from '@tesserae/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DirectoryChange, type WatchOptions, watchDirectory } from '../index.js'

let root = ''
let stop = new AbortController()
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tesserae-watch-'))
  stop = new AbortController()
})
afterEach(async () => {
  stop.abort()
  await rm(root, { recursive: true, force: true })
})

/** In one step: the machine may be slow, and half a file is a file. */
async function put(path: string, content = `content of ${path}`): Promise<void> {
  const full = join(root, path)
  await mkdir(dirname(full), { recursive: true })
  const part = join(dirname(full), '.part')
  await writeFile(part, content)
  await rename(part, full)
}

const shown = (change: DirectoryChange) =>
  change.type === 'upsert'
    ? `${change.documentId}: ${change.document.text}`
    : change.type === 'remove'
      ? `-${change.documentId}`
      : `!${change.uri.slice(root.length + 1)}`

/** Watches with short times; `next` gives as many changes as asked, in words. */
function watching(options: WatchOptions = {}) {
  const changes = watchDirectory(root, { settleMs: 20, rescanMs: 40, signal: stop.signal, ...options })
  const next = async (count: number) => {
    const seen: string[] = []
    while (seen.length < count) {
      const { value, done } = await changes.next()
      if (done) break
      seen.push(shown(value))
    }
    return seen.sort()
  }
  return { changes, next }
}

describe('watchDirectory', () => {
  it('gives the files that are there, then what comes, changes and goes', async () => {
    await put('a.txt', 'a1')
    await put('sub/b.md', 'b1')
    const { next } = watching()
    expect(await next(2)).toEqual(['a.txt: a1', 'sub/b.md: b1'])
    await put('a.txt', 'a2, longer')
    expect(await next(1)).toEqual(['a.txt: a2, longer'])
    await put('sub/deep/c.txt', 'c1')
    expect(await next(1)).toEqual(['sub/deep/c.txt: c1'])
    await rename(join(root, 'a.txt'), join(root, 'sub/z.txt'))
    expect(await next(2)).toEqual(['-a.txt', 'sub/z.txt: a2, longer'])
    await rm(join(root, 'sub'), { recursive: true })
    expect(await next(3)).toEqual(['-sub/b.md', '-sub/deep/c.txt', '-sub/z.txt'])
  })

  it('hears of changes from the system, without looking through the folder again and again', async () => {
    await put('a.txt', 'a1')
    const events: RagEvent[] = []
    const { next } = watching({ rescanMs: 600_000, observer: (event) => events.push(event) })
    await next(1)
    for (const [path, text] of [
      ['a.txt', 'changed'],
      ['new/folder/b.txt', 'b1'],
      ['new/folder/b.txt', 'b2 in a folder that was not there'],
    ] as const) {
      setTimeout(() => void put(path, text), 60)
      expect(await next(1)).toEqual([`${path}: ${text}`])
    }
    expect(events.filter(({ type }) => type === 'watch.scan').length).toBeGreaterThan(3)
    expect(JSON.stringify(events)).not.toContain('that was not there')
  })

  it('waits until a file is at rest, and tells of it once', async () => {
    const { next } = watching({ settleMs: 600 })
    await put('first.txt', 'x')
    await next(1)
    const writing = (async () => {
      for (let n = 1; n <= 8; n++) {
        await put('growing.txt', 'line\n'.repeat(n))
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await put('last.txt', 'end')
    })()
    const seen = await next(2)
    await writing
    expect(seen).toEqual([`growing.txt: ${'line\n'.repeat(8)}`, 'last.txt: end'])
  })

  it('does not tell of a file that is replaced that it is gone', async () => {
    await put('a.txt', 'old')
    const { next } = watching({ settleMs: 600 })
    await next(1)
    await rm(join(root, 'a.txt'))
    setTimeout(() => void put('a.txt', 'new text'), 30)
    expect(await next(1)).toEqual(['a.txt: new text'])
  })

  it('keeps to the rules of directory: globs, ignore files, sidecars, failures', async () => {
    await put('a.txt', 'a')
    await put('skip.log', 'x')
    await put('a.txt.metadata.json', '{"metadataAttributes":{"year":2020}}')
    const { changes, next } = watching({ include: ['**/*.txt'] })
    const { value } = await changes.next()
    expect(value?.type === 'upsert' && value.document.metadata.year).toBe(2020)
    await put('a.txt.metadata.json', '{"metadataAttributes":{"year":2021}}')
    const { value: changed } = await changes.next()
    expect(changed?.type === 'upsert' && changed.document.metadata.year).toBe(2021)
    await put('empty.txt', '')
    expect(await next(1)).toEqual(['!empty.txt'])
    await rm(join(root, 'empty.txt'))
    await put('z.txt', 'z')
    expect(await next(1)).toEqual(['z.txt: z'])
    await put('.gitignore', 'a.txt\n')
    expect(await next(1)).toEqual(['-a.txt'])
  })

  it('leaves out what is there at the start when told so, and still tells when it goes', async () => {
    await put('a.txt', 'a')
    await put('b.txt', 'b')
    await put('b.txt.metadata.json', '{"metadataAttributes":{"year":2020}}')
    const { next } = watching({ initial: false })
    setTimeout(() => void rm(join(root, 'a.txt')), 60)
    expect(await next(1)).toEqual(['-a.txt'])
    await rm(join(root, 'b.txt.metadata.json'))
    expect(await next(1)).toEqual(['b.txt: b'])
  })

  it('does not take what cannot be looked into for gone', async () => {
    await put('data/x.txt', 'x')
    await symlink(join(root, 'data'), join(root, 'link'))
    const { next } = watching({ followSymlinks: true })
    expect(await next(2)).toEqual(['data/x.txt: x', 'link/x.txt: x'])
    await rename(join(root, 'data'), join(root, 'moved'))
    expect(await next(3)).toEqual(['!link', '-data/x.txt', 'moved/x.txt: x'])
    await new Promise((resolve) => setTimeout(resolve, 100))
    await put('later.txt', 'later')
    expect(await next(1)).toEqual(['later.txt: later'])
    await rm(join(root, 'link'))
    expect(await next(1)).toEqual(['-link/x.txt'])
  })

  it('keeps a store in step', async () => {
    await put('a.txt', 'a1')
    const store = shelfStore()
    const whole: Chunker = { id: 'whole', split: async ({ text }) => [{ start: 0, end: text.length }] }
    const base = documentSync({ chunker: whole, store })
    const held = async () => {
      const texts: string[] = []
      for await (const { id } of store.list()) texts.push((await store.get([id]))[0]?.text ?? '')
      return texts.sort()
    }
    const { changes } = watching()
    const apply = async (count: number) => {
      for (let n = 0; n < count; n++) {
        const { value } = await changes.next()
        if (value?.type === 'upsert') await base.upsert(value.document)
        if (value?.type === 'remove') await base.remove(value.documentId)
      }
      return held()
    }
    expect(await apply(1)).toEqual(['a1'])
    await put('b.txt', 'b1')
    await put('a.txt', 'a2, longer')
    expect(await apply(2)).toEqual(['a2, longer', 'b1'])
    await rm(join(root, 'a.txt'))
    expect(await apply(1)).toEqual(['b1'])
  })

  it('ends when the folder is gone, without telling that its files are', async () => {
    await put('a.txt', 'a')
    const { next } = watching()
    await next(1)
    await rm(root, { recursive: true })
    await expect(next(1)).rejects.toMatchObject({ code: 'load-failed', details: { reason: 'unreadable' } })
  })

  it('ends with the reason of the signal, or when it is left, and refuses bad options at once', async () => {
    await put('a.txt', 'a')
    const { next, changes } = watching({ rescanMs: 600_000 })
    await next(1)
    setTimeout(() => stop.abort(new Error('enough')), 30)
    await expect(next(1)).rejects.toThrow('enough')
    expect((await changes.next()).done).toBe(true)
    for await (const change of watchDirectory(root, { rescanMs: 600_000 })) {
      expect(shown(change)).toBe('a.txt: a')
      break
    }
    expect(() => watchDirectory(root, { settleMs: -1 })).toThrow(/`settleMs`/)
    expect(() => watchDirectory(root, { rescanMs: 0 })).toThrow(/`rescanMs`/)
    expect(() => watchDirectory('')).toThrow(/`path`/)
  })
})
