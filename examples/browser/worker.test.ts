import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KnowledgeBase, SourceFile } from './knowledge-base.js'
import { type RunningServer, startServer } from './server.js'
import { connectKnowledgeBase } from './worker-client.js'
import { serveKnowledgeBase } from './worker-host.js'

// Both ends of the conversation in one process: a channel instead of a worker.
const channels: MessageChannel[] = []
let server: RunningServer
let table: string
beforeAll(async () => {
  server = await startServer()
  table = `${server.url}static-en-256.bin`
})
afterAll(async () => {
  for (const { port1 } of channels) port1.close()
  await server.close()
})

function ends(): MessageChannel {
  const channel = new MessageChannel()
  channels.push(channel)
  channel.port1.start()
  channel.port2.start()
  serveKnowledgeBase(channel.port2)
  return channel
}

const connected = (): Promise<KnowledgeBase> => connectKnowledgeBase(ends().port1, { table })

const folder = fileURLToPath(new URL('handbook', import.meta.url))
async function handbook(): Promise<SourceFile[]> {
  const names = await readdir(folder)
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(`${folder}/${name}`, 'utf8') })))
}

/** Enough files that a run can be stopped on the way. */
const many = Array.from({ length: 3_000 }, (_, i) => ({
  name: `note-${i}.txt`,
  text: `Note ${i} is about stone number ${i * 7}.`,
}))

describe('the server', () => {
  it('serves what the page needs with its policy, and nothing else', async () => {
    for (const name of ['', 'page.js', 'worker.js', 'page.css', 'static-en-256.bin', 'handbook/list.txt']) {
      const response = await fetch(server.url + name, { method: 'HEAD' })
      expect(response.status, name).toBe(200)
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    }
    for (const name of ['package.json', 'server.ts', '..%2fREADME.md', 'handbook/']) {
      expect((await fetch(server.url + name)).status, name).toBe(404)
    }
    expect((await fetch(server.url, { method: 'POST' })).status).toBe(404)
  })
})

describe('a knowledge base behind a port', () => {
  it('answers with passages that name file, line and headings', async () => {
    const base = await connected()
    expect(base.backend).toBe('wasm')
    const files = await handbook()
    const progress: number[] = []
    const added = await base.add(files, { onProgress: ({ documents }) => progress.push(documents) })
    expect(added).toEqual({ documents: files.length, chunks: expect.any(Number), failures: [] })
    expect(progress.at(-1)).toBe(files.length)
    const { passages, hits, context } = await base.search('How much light may a drawing get?')
    const [first] = passages
    expect(first).toMatchObject({ marker: '[1]', file: 'light.md', headings: ['Light'] })
    expect(first!.text).toContain('fifty lux')
    const text = files.find(({ name }) => name === 'light.md')!.text
    expect(
      text
        .split('\n')
        .slice(first!.line - 1)
        .join('\n')
        .startsWith(first!.text),
    ).toBe(true)
    expect(context).toContain(first!.text)
    expect(hits).toHaveLength(4)
    const stages = new Set(hits.flatMap(({ trace }) => trace.map(({ stage }) => stage)))
    expect([...stages].sort()).toEqual(['dense', 'hybrid', 'lexical'])
  })

  it('replaces a file of the same name, and tells of one it cannot read', async () => {
    const base = await connected()
    await base.add([{ name: 'a.txt', text: 'The ferry leaves at noon.' }])
    const added = await base.add([
      { name: 'a.txt', text: 'The ferry leaves at dusk.' },
      { name: 'b.md', text: 'broken' },
      { name: 'b.md', text: 'twice' },
    ])
    expect(added.chunks).toBe(2)
    expect(added.failures).toEqual([expect.stringContaining('b.md')])
    const { passages } = await base.search('When does the ferry leave?', { limit: 1 })
    expect(passages.map(({ text }) => text)).toEqual(['The ferry leaves at dusk.'])
  })

  it('stops when it is told to, keeps what was finished, and goes on afterwards', async () => {
    const base = await connected()
    const controller = new AbortController()
    const reason = new Error('enough')
    const adding = base.add(many, { signal: controller.signal, onProgress: () => controller.abort(reason) })
    await expect(adding).rejects.toBe(reason)
    const stopped = await base.add([{ name: 'last.txt', text: 'The lighthouse keeper retires.' }])
    expect(stopped.chunks).toBeGreaterThan(1)
    expect(stopped.chunks).toBeLessThan(many.length)
    const { passages } = await base.search('Who retires?', { limit: 1 })
    expect(passages[0]?.file).toBe('last.txt')
    expect((await base.add(many)).chunks).toBe(many.length + 1)
  })

  it('does not begin when the signal is aborted before', async () => {
    const base = await connected()
    const reason = new Error('never')
    const signal = AbortSignal.abort(reason)
    await expect(base.add(many, { signal })).rejects.toBe(reason)
    await expect(base.search('stone', { signal })).rejects.toBe(reason)
    expect((await base.search('stone')).passages).toEqual([])
  })

  it('passes on what went wrong on the other side', async () => {
    const missing = connectKnowledgeBase(ends().port1, { table: `${server.url}nothing.bin` })
    await expect(missing).rejects.toThrow(/nothing\.bin could not be fetched: 404/)
    const page = connectKnowledgeBase(ends().port1, { table: server.url })
    await expect(page).rejects.toThrow(/not a table of static embeddings/)
    const base = await connected()
    await expect(base.search('stone', { limit: -1 })).rejects.toThrow(/limit/)
    const { port1 } = ends()
    const answered = new Promise((resolve) =>
      port1.addEventListener('message', ({ data }) => resolve(data), { once: true }),
    )
    port1.postMessage({ type: 'search', id: 5, question: 'stone', limit: undefined })
    expect(await answered).toEqual({
      type: 'failure',
      id: 5,
      message: expect.stringContaining('opened first'),
    })
  })

  it('finds the same without WebAssembly', async () => {
    const files = await handbook()
    const bases = await Promise.all(
      (['auto', 'typescript'] as const).map((backend) =>
        connectKnowledgeBase(ends().port1, { table, backend }),
      ),
    )
    expect(bases.map(({ backend }) => backend)).toEqual(['wasm', 'typescript'])
    const [a, b] = await Promise.all(
      bases.map(async (base) => {
        await base.add(files)
        return base.search('Which objects are never lent to others?')
      }),
    )
    expect(a!.hits.length).toBeGreaterThan(0)
    expect(b).toEqual(a)
  })
})
