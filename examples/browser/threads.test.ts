import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { build } from 'esbuild'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchChromium, withoutChromium } from './chromium.js'

const retrievers = dirname(createRequire(import.meta.url).resolve('@tesserae/retrievers/package.json'))

/** Searches 200 queries with threads and one by one, saves and loads, and tells what differs. */
const page = `
import { bm25Index, flatIndex, hnswIndex } from './index.js'
let state = 1
const random = () => ((state = (Math.imul(state, 1664525) + 1013904223) | 0) >>> 0) / 2 ** 32 - 0.5
const vector = () => Float32Array.from({ length: 16 }, random)
const text = () => Array.from({ length: 12 }, () => 'word' + Math.floor(300 * (random() + 0.5) ** 2)).join(' ')
const options = { dimensions: 16, efConstruction: 40 }
const report = {}
for (const [name, make, value] of [
  ['hnsw', () => hnswIndex(options), vector],
  ['flat', () => flatIndex({ dimensions: 16 }), vector],
  ['bm25', () => bm25Index(), text],
]) {
  const index = make()
  for (let ordinal = 0; ordinal < 1500; ordinal++) index.set(ordinal, value())
  const queries = Array.from({ length: 200 }, value)
  const events = []
  const observer = (event) => events.push(event)
  const many = await index.searchMany(queries, { limit: 5, threads: 2, observer })
  const loaded = make()
  loaded.load(index.saveParts())
  const same = (hits, query) => {
    const [once, again] = [index.search(query, { limit: 5 }), loaded.search(query, { limit: 5 })]
    return [once, again].every(
      ({ ordinals, scores }) => String(ordinals) === String(hits.ordinals) && String(scores) === String(hits.scores),
    )
  }
  report[name] = {
    same: many.length === queries.length && many.every((hits, i) => hits.ordinals.length === 5 && same(hits, queries[i])),
    elsewhere: events.at(-1).counts.elsewhere,
    failures: events.filter(({ type }) => type === 'search.thread-failed').map(({ labels }) => labels.reason),
  }
}
document.title = JSON.stringify({ isolated: crossOriginIsolated, ...report })
`

/** Serves the package as a bundler makes it, with or without the headers that let threads share memory. */
async function serve(files: ReadonlyMap<string, string>, isolated: boolean): Promise<Server> {
  const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.html': 'text/html' }
  const server = createServer((request, response) => {
    const name = request.url === '/' ? '/page.html' : (request.url ?? '')
    const content = files.get(name)
    if (content === undefined) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, {
      'content-type': types[extname(name)],
      ...(isolated && {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      }),
    })
    response.end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

describe.skipIf(findChromium() === undefined)(`threads in a real browser (${withoutChromium})`, () => {
  let browser: Browser
  const files = new Map([
    [
      '/page.html',
      '<!doctype html><title>…</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
    ],
    ['/page.js', page],
  ])
  beforeAll(async () => {
    const { outputFiles } = await build({
      absWorkingDir: retrievers,
      entryPoints: [
        { in: 'dist/index.js', out: 'index' },
        { in: 'dist/parallel/worker.js', out: 'worker' },
      ],
      outdir: '/',
      bundle: true,
      splitting: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'error',
    })
    for (const { path, text } of outputFiles) files.set(join('/', path), text)
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  for (const isolated of [true, false])
    it(`searchMany gives what search gives ${isolated ? 'in Web Workers' : 'on the page alone where memory cannot be shared'}`, async () => {
      const server = await serve(files, isolated)
      try {
        const address = server.address()
        const port = typeof address === 'object' ? address?.port : undefined
        const tab = await browser.newPage()
        await tab.goto(`http://127.0.0.1:${port}/`)
        await tab.waitForFunction(() => document.title.startsWith('{'))
        const expected = { same: true, elsewhere: isolated ? 200 : 0, failures: [] }
        expect(JSON.parse(await tab.title())).toEqual({
          isolated,
          hnsw: expected,
          flat: expected,
          bm25: expected,
        })
        await tab.close()
      } finally {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    })
})
