import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, open, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Loaded, Loader, RagEvent } from '@tesserae/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { directory, files, parseDocument, textFormat } from '../index.js'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tesserae-directory-'))
})
afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

async function put(path: string, content: string | Uint8Array = `content of ${path}`): Promise<string> {
  const full = join(root, path)
  await mkdir(dirname(full), { recursive: true })
  await writeFile(full, content)
  return full
}

async function loaded(loader: Loader): Promise<Loaded[]> {
  const items: Loaded[] = []
  for await (const item of loader.load()) items.push(item)
  return items
}

/** `id` of documents, `!uri code/reason` of failures, relative to the root. */
async function outline(loader: Loader): Promise<string[]> {
  return (await loaded(loader)).map((item) =>
    item.type === 'document'
      ? item.document.id
      : `!${item.uri.slice(root.length + 1)} ${item.error.code}/${item.error.details.reason ?? ''}`,
  )
}

async function metadataOf(loader: Loader) {
  const [item] = await loaded(loader)
  return item?.type === 'document' ? item.document.metadata : item
}

describe('directory', () => {
  it('loads files below a folder in the order of their names', async () => {
    for (const path of ['b.txt', 'a/z.md', 'a/B.txt', 'a/a.txt', 'ü/😀 x.txt', 'README']) await put(path)
    expect(await outline(directory(root))).toEqual([
      'README',
      'a/B.txt',
      'a/a.txt',
      'a/z.md',
      'b.txt',
      'ü/😀 x.txt',
    ])
  })

  it('tells facts about each file, and a uri that opens it', async () => {
    const path = await put('sub/Guide.TXT', 'hello')
    await utimes(path, 1_700_000_000, 1_700_000_000)
    const [item] = await loaded(directory(root))
    expect(item).toEqual({
      type: 'document',
      document: {
        id: 'sub/Guide.TXT',
        uri: `${root}/sub/Guide.TXT`,
        text: 'hello',
        marks: [],
        metadata: {
          filename: 'Guide.TXT',
          extension: '.txt',
          bytes: 5,
          modified: '2023-11-14T22:13:20.000Z',
        },
      },
    })
  })

  it('selects by globs', async () => {
    for (const path of ['a.md', 'x/b.md', 'x/c.txt', 'drafts/d.md', 'node_modules/p/e.md']) await put(path)
    expect(await outline(directory(root, { include: ['**/*.md'] }))).toEqual([
      'a.md',
      'drafts/d.md',
      'x/b.md',
    ])
    expect(await outline(directory(root, { exclude: ['drafts', '*.md'] }))).toEqual([
      'node_modules/p/e.md',
      'x/b.md',
      'x/c.txt',
    ])
    expect(await outline(directory(root, { include: [] }))).toEqual([])
  })

  it('honours ignore files where they lie, hidden names and the options for both', async () => {
    for (const path of ['keep.txt', 'skip.txt', 'x/skip.txt', 'x/log/a.txt', '.hidden/b.txt']) await put(path)
    await put('.gitignore', '/skip.txt\nlog/\n')
    await put('x/.ignore', 'skip.txt\n')
    expect(await outline(directory(root))).toEqual(['keep.txt'])
    await put('x/.ignore', '')
    await put('x/y/.gitignore', '!*.txt\n')
    await put('x/y/skip.txt')
    expect(await outline(directory(root))).toEqual(['keep.txt', 'x/skip.txt', 'x/y/skip.txt'])
    expect(await outline(directory(root, { ignoreFiles: [], hidden: true, include: ['**/*.txt'] }))).toEqual([
      '.hidden/b.txt',
      'keep.txt',
      'skip.txt',
      'x/log/a.txt',
      'x/skip.txt',
      'x/y/skip.txt',
    ])
  })

  it('reports what it cannot load and goes on', async () => {
    await put('1-good.txt')
    await put('2-empty.txt', '')
    await put(
      '3-binary.txt',
      Uint8Array.from({ length: 4096 }, (_, at) => (at * at) % 251),
    )
    await put('4-unknown.docx')
    await put('5-blank.md', '\n \n')
    const huge = await open(await put('6-huge.txt'), 'r+')
    await huge.truncate(1024 ** 3)
    await huge.close()
    await put('7-good.txt')
    const before = process.memoryUsage().rss
    expect(await outline(directory(root))).toEqual([
      '1-good.txt',
      '!2-empty.txt load-failed/empty',
      '!3-binary.txt load-failed/binary',
      '!4-unknown.docx unsupported/',
      '!5-blank.md load-failed/empty',
      '!6-huge.txt load-failed/too-large',
      '7-good.txt',
    ])
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
    const small = directory(root, { include: ['1*'], maxFileBytes: 3 })
    const [item] = await loaded(small)
    expect(item?.type === 'failure' && item.error.message).toMatch(/has 21 bytes, more than the limit of 3/)
  })

  it('never waits for FIFOs, sockets or devices', async () => {
    await put('a.txt')
    execFileSync('mkfifo', [join(root, 'pipe.txt')])
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(root, 'socket.txt'), resolve))
    expect(await outline(directory(root))).toEqual(['a.txt'])
    expect(await outline(files([join(root, 'pipe.txt')]))).toEqual(['!pipe.txt load-failed/not-a-file'])
    await new Promise((resolve) => server.close(resolve))
  })

  it('survives files that vanish or change kind between listing and reading', async () => {
    for (const path of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) await put(path)
    const seen: string[] = []
    for await (const item of directory(root).load()) {
      if (seen.length === 0) {
        await unlink(join(root, 'b.txt'))
        await unlink(join(root, 'c.txt'))
        await mkdir(join(root, 'c.txt'))
      }
      seen.push(item.type === 'document' ? item.document.id : `!${item.error.details.reason}`)
    }
    expect(seen).toEqual(['a.txt', '!unreadable', '!not-a-file', 'd.txt'])
  })

  it('does not follow links unless asked, and then never out of the folder or around a loop', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'tesserae-outside-'))
    await writeFile(join(outside, 'secret.txt'), 'secret')
    await put('in/real.txt')
    await symlink(outside, join(root, 'out'))
    await symlink(join(outside, 'secret.txt'), join(root, 'out.txt'))
    await symlink(root, join(root, 'in/loop'))
    await symlink('in/real.txt', join(root, 'link.txt'))
    await symlink('nowhere', join(root, 'dead.txt'))
    expect(await outline(directory(root))).toEqual(['in/real.txt'])
    const followed = await loaded(directory(root, { followSymlinks: true }))
    const seen = followed.map((item) =>
      item.type === 'document' ? item.document.id : item.error.message.slice(root.length + 1),
    )
    expect(seen).toEqual([
      expect.stringMatching(/^dead.txt: the link leads nowhere/),
      'in/loop: the link leads back to a folder it lies in.',
      'in/real.txt',
      'link.txt',
      'out: the link leads out of the folder that is loaded.',
      'out.txt: the link leads out of the folder that is loaded.',
    ])
    await rm(outside, { recursive: true })
  })

  it('applies sidecars, and never loads them', async () => {
    await put('a.txt')
    await put(
      'a.txt.metadata.json',
      '{"metadataAttributes":{"domain":"project A","year":2016,"open":true,"age":["30","40"],"bytes":1}}',
    )
    const metadata = await metadataOf(directory(root))
    expect(metadata).toMatchObject({
      domain: 'project A',
      year: 2016,
      open: true,
      age: ['30', '40'],
      bytes: 1,
      filename: 'a.txt',
    })
    const given = directory(root, {
      metadata: (file) => ({ domain: 'given', depth: file.path.split('/').length }),
    })
    expect(await metadataOf(given)).toMatchObject({ domain: 'given', depth: 1, year: 2016 })
    expect(await outline(directory(root))).toEqual(['a.txt'])
    expect(await metadataOf(files([join(root, 'a.txt')]))).toMatchObject({ domain: 'project A' })
  })

  it('does not load a file whose sidecar is broken', async () => {
    for (const [name, sidecar] of Object.entries({
      'json.txt': '{"metadataAttributes":',
      'key.txt': '{"attributes":{}}',
      'nested.txt': '{"metadataAttributes":{"a":{"b":1}}}',
      'mixed.txt': '{"metadataAttributes":{"a":[1,"x"]}}',
      'empty.txt': '',
      'typed.txt': '{"metadataAttributes":{"a":{"value":{"type":"STRING_LIST","stringListValue":["x"]}}}}',
    })) {
      await put(name)
      await put(`${name}.metadata.json`, sidecar)
    }
    await put('missing.txt')
    const seen = await outline(directory(root))
    expect(seen.filter((line) => !line.startsWith('!'))).toEqual(['missing.txt', 'typed.txt'])
    expect(seen.filter((line) => line.endsWith('load-failed/sidecar'))).toHaveLength(5)
    expect(await outline(directory(root, { requireSidecar: true, include: ['missing.txt'] }))).toEqual([
      '!missing.txt load-failed/sidecar',
    ])
  })

  it('reports misnamed and orphaned sidecars instead of indexing them', async () => {
    await put('London_2.txt')
    await put('London_2.txt.metadata (1).json', '{"metadataAttributes":{"city":"London"}}')
    await put('gone.txt.metadata.json', '{"metadataAttributes":{}}')
    await put('other.json', '{ "metadataAttributes" : {"city": "x"} }')
    await put('real.json', '{"metadataAttributes":{}, "more": 1}')
    expect(await outline(directory(root))).toEqual([
      'London_2.txt',
      '!London_2.txt.metadata (1).json load-failed/sidecar',
      '!gone.txt.metadata.json load-failed/sidecar',
      '!other.json load-failed/sidecar',
      'real.json',
    ])
    expect(await outline(directory(root, { exclude: ['*.json', 'gone.txt'] }))).toEqual([
      'London_2.txt',
      '!London_2.txt.metadata (1).json load-failed/sidecar',
    ])
  })

  it('ends with the reason of the signal in the middle of a walk', async () => {
    for (let at = 0; at < 20; at++) await put(`${at}.txt`)
    const controller = new AbortController()
    let seen = 0
    const reading = (async () => {
      for await (const item of directory(root).load({ signal: controller.signal })) {
        expect(item.type).toBe('document')
        if (++seen === 3) controller.abort(new Error('enough'))
      }
    })()
    await expect(reading).rejects.toThrow('enough')
    expect(seen).toBe(3)
  })

  it('tells the observer ids and counts, and no text', async () => {
    await put('a.txt', 'secret words')
    await put('b.txt', '')
    const events: RagEvent[] = []
    for await (const item of directory(root).load({ observer: (event) => events.push(event) }))
      expect(item).toBeDefined()
    expect(events.map(({ type, counts }) => [type, counts?.characters])).toEqual([
      ['load.document', 12],
      ['load.failure', undefined],
    ])
    expect(JSON.stringify(events)).not.toContain('secret words')
  })

  it('throws for a root that is no folder, and for bad options at once', async () => {
    const path = await put('a.txt')
    await expect(loaded(directory(path))).rejects.toThrow(/the folder cannot be read: ENOTDIR/)
    await expect(loaded(directory(join(root, 'none')))).rejects.toThrow(/ENOENT/)
    expect(() => directory('')).toThrow(/`path` must be/)
    expect(() => directory(root, { maxFileBytes: 0 })).toThrow(/`maxFileBytes` must be/)
    expect(() => directory(root, { formats: [] })).toThrow(/`formats` must be/)
    expect(() => directory(root, { include: [''] })).toThrow(/`include` must be/)
    const bad = directory(root, { metadata: () => ({ a: Number.NaN }) })
    expect(await outline(bad)).toEqual(['!a.txt invalid-argument/'])
  })

  it('takes formats of the user', async () => {
    await put('a.csvx', 'x')
    const upper = {
      name: 'upper',
      extensions: ['.csvx'],
      parse: async ({ bytes }: { bytes: Uint8Array }) => ({
        text: new TextDecoder().decode(bytes).toUpperCase(),
        marks: [],
      }),
    }
    const [item] = await loaded(directory(root, { formats: [upper, textFormat()] }))
    expect(item?.type === 'document' && item.document.text).toBe('X')
    const broken = { ...upper, parse: () => Promise.reject(new TypeError('inside')) }
    await expect(parseDocument({ bytes: new Uint8Array(1), uri: 'u' }, { format: broken })).rejects.toThrow(
      'u: upper could not be parsed: inside',
    )
  })
})

describe('files', () => {
  it('loads the listed files in their order', async () => {
    const b = await put('b.txt')
    const a = await put('a.md', '# T')
    const items = await loaded(files([b, join(root, 'none.txt'), a]))
    expect(
      items.map((item) => (item.type === 'document' ? item.document.id : item.error.details.reason)),
    ).toEqual([b, 'unreadable', a])
    expect(() => files([a, a])).toThrow(/listed twice/)
    expect(await outline(files([`${a}.metadata.json`]))).toEqual(['!a.md.metadata.json load-failed/sidecar'])
  })
})
