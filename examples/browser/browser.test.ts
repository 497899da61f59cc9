import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchChromium, withoutChromium } from './chromium.js'
import { type FoundChunk, fetchBytes, type KnowledgeBase, openKnowledgeBase } from './knowledge-base.js'
import { type RunningServer, startServer } from './server.js'

const questions = [
  'What happens when paper gets wet?',
  'Who rides along with an expensive object?',
  'Are umbrellas allowed inside?',
  'How many lux may a print get?',
]

describe.skipIf(findChromium() === undefined)(`the page in a real browser (${withoutChromium})`, () => {
  let browser: Browser
  let server: RunningServer
  let strict: RunningServer
  let inNode: KnowledgeBase
  beforeAll(async () => {
    ;[browser, server, strict] = await Promise.all([
      launchChromium(),
      startServer(),
      startServer({ webAssembly: false }),
    ])
    inNode = await openKnowledgeBase({ table: await fetchBytes(`${server.url}static-en-256.bin`) })
    const folder = fileURLToPath(new URL('handbook', import.meta.url))
    const names = (await readdir(folder)).sort()
    await inNode.add(
      await Promise.all(
        names.map(async (name) => ({ name, text: await readFile(`${folder}/${name}`, 'utf8') })),
      ),
    )
  })
  afterAll(async () => {
    await browser?.close()
    await Promise.all([server?.close(), strict?.close()])
  })

  /** What the browser complained about in this test. */
  let complaints: string[] = []
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    complaints = []
  })

  async function opened(url: string): Promise<Page> {
    const page = await browser.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`))
    await page.goto(url)
    await page.locator('#ask:enabled').waitFor()
    return page
  }

  async function ask(page: Page, question: string): Promise<readonly FoundChunk[]> {
    const list = page.locator('#passages')
    await list.evaluate((element) => delete element.dataset.hits)
    await page.fill('#question', question)
    await page.click('#ask')
    await page.locator('#passages[data-hits]').waitFor()
    return JSON.parse((await list.getAttribute('data-hits')) ?? '') as FoundChunk[]
  }

  async function expectSameAsInNode(page: Page): Promise<void> {
    for (const question of questions) {
      const hits = await ask(page, question)
      const expected = await inNode.search(question)
      expect(hits.map(({ id }) => id)).toEqual(expected.hits.map(({ id }) => id))
      for (const [place, { score, trace }] of hits.entries()) {
        expect(score).toBeCloseTo(expected.hits[place]!.score, 9)
        expect(trace.map(({ stage, rank }) => [stage, rank])).toEqual(
          expected.hits[place]!.trace.map(({ stage, rank }) => [stage, rank]),
        )
      }
      const shown = await page.locator('#passages li > p').allTextContents()
      expect(shown).toEqual(expected.passages.map(({ text }) => text))
      const cited = await page.locator('#passages cite').allTextContents()
      for (const [place, { marker, file, line }] of expected.passages.entries())
        expect(cited[place]).toContain(`${marker} ${file}:${line}`)
      expect(await page.locator('#context').textContent()).toBe(expected.context)
    }
  }

  it('answers in the page as in Node, in WebAssembly', async () => {
    const page = await opened(`${server.url}?in=page`)
    expect(await page.textContent('#status')).toMatch(/\d+ chunks in the page, vectors in wasm\./)
    expect(page.workers()).toEqual([])
    await expectSameAsInNode(page)
    expect(await page.locator('#passages cite').first().textContent()).toContain('light.md')
    expect(complaints).toEqual([])
  })

  it('answers in a Web Worker as in Node, in WebAssembly', async () => {
    const page = await opened(server.url)
    expect(await page.textContent('#status')).toMatch(/\d+ chunks in a Web Worker, vectors in wasm\./)
    expect(page.workers()).toHaveLength(1)
    await expectSameAsInNode(page)
    expect(complaints).toEqual([])
  })

  it.each(['?in=page', '?in=worker'])('answers the same in plain TypeScript, %s', async (where) => {
    const page = await opened(`${server.url}${where}&backend=typescript`)
    expect(await page.textContent('#status')).toContain('vectors in typescript')
    await expectSameAsInNode(page)
    expect(complaints).toEqual([])
  })

  it.each(['?in=page', '?in=worker'])(
    'answers the same where a policy forbids WebAssembly, %s',
    async (where) => {
      const page = await opened(`${strict.url}${where}`)
      const isAllowed = await page.evaluate(() => {
        try {
          return new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])) !== undefined
        } catch {
          return false
        }
      })
      expect(isAllowed).toBe(false)
      expect(await page.textContent('#status')).toContain('vectors in typescript')
      await expectSameAsInNode(page)
      // The browser itself says that it kept to the policy; nothing else may be wrong.
      expect(complaints.filter((text) => !/WebAssembly|wasm/i.test(text))).toEqual([])
    },
  )

  it("adds a reader's own files while the page stays free, and stops when asked", async () => {
    const page = await opened(server.url)
    const files = Array.from({ length: 24 }, (_, i) => ({
      name: `journal-${i}.md`,
      mimeType: 'text/markdown',
      buffer: Buffer.from(journal(i)),
    }))
    // Counts turns of the page's own event loop while the worker is busy.
    await page.evaluate(() => {
      const stop = document.getElementById('stop')
      document.body.dataset.turns = '0'
      setInterval(() => {
        if (stop?.hidden === false)
          document.body.dataset.turns = String(Number(document.body.dataset.turns) + 1)
      }, 5)
    })
    // The page presses its own button at the first word of progress: a click from out here may come
    // after the last file.
    await page.evaluate(() => {
      const status = document.getElementById('status')!
      const observer = new MutationObserver(() => {
        if (!/^[1-9]\d* of 24 files/.test(status.textContent ?? '')) return
        observer.disconnect()
        document.getElementById('stop')!.click()
      })
      observer.observe(status, { childList: true })
    })
    await page.setInputFiles('#files', files)
    await page.locator('#status', { hasText: /Stopped/ }).waitFor()
    expect(Number(await page.evaluate(() => document.body.dataset.turns))).toBeGreaterThan(0)
    // It answers still, and takes the files again from where it stopped.
    await ask(page, questions[0]!)
    await page.setInputFiles('#files', files)
    await page.locator('#status', { hasText: /chunks in a Web Worker/ }).waitFor()
    const chunks = Number(/(\d+) chunks/.exec((await page.textContent('#status')) ?? '')?.[1])
    expect(chunks).toBeGreaterThan(24 * 120)
    await ask(page, 'Which boat sailed with the number 17-57?')
    expect(await page.locator('#passages cite').first().textContent()).toContain('journal-17.md')
    expect(await page.locator('#passages li > p').first().textContent()).toContain('17-57')
    expect(complaints).toEqual([])
  })

  it('says what is wrong when the table or the worker cannot be loaded', async () => {
    const page = await browser.newPage()
    await page.route('**/static-en-256.bin', (route) => route.fulfill({ status: 503, body: '' }))
    await page.goto(`${server.url}?in=page`)
    await page.locator('#status.failed', { hasText: /could not be fetched: 503/ }).waitFor()
    const other = await browser.newPage()
    await other.route('**/worker.js', (route) => route.abort())
    await other.goto(server.url)
    await other.locator('#status.failed', { hasText: /worker could not be started/ }).waitFor()
  })
})

/** Many days of a harbour master, each with a number found nowhere else. */
function journal(year: number): string {
  const boats = ['cutter', 'barge', 'ferry', 'trawler', 'tug', 'schooner', 'dinghy']
  const weather = ['fog over the bay', 'a stiff breeze', 'rain since dawn', 'ice at the pier', 'a calm sea']
  const days = Array.from({ length: 120 }, (_, day) => {
    const boat = boats[(day * 3 + year) % boats.length]
    const sky = weather[(day * 7 + year) % weather.length]
    const cargo = `${(day * 37 + year * 11) % 400} crates of cargo`
    return `## Day ${day}\n\nThe ${boat} with the number ${year}-${day} sailed in ${sky} with ${cargo}. ${'The harbour master signed the book, counted the crew and had the lamp on the mole lit again. '.repeat(6)}`
  })
  return `# Journal ${year}\n\n${days.join('\n\n')}\n`
}
