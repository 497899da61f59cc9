import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchChromium, withoutChromium } from '../../browser/chromium.js'
import { BenchContext } from '../harness/context.js'
import { compareChunkersBench } from './bench.js'
import { htmlPage } from './page.js'

const text =
  'The rent is due on Monday. The tenant pays the deposit.\n\nThe owner pays for repairs of the roof.'
const questions = [
  { question: 'Who pays the deposit?', references: [{ content: 'The tenant pays the deposit.' }] },
  { question: 'Who repairs the roof?', references: [{ content: 'The owner pays for repairs of the roof.' }] },
]

describe.skipIf(findChromium() === undefined)(`the report in a real browser (${withoutChromium})`, () => {
  let folder: string
  let corpus: string
  let browser: Browser
  beforeAll(async () => {
    ;[folder, browser] = await Promise.all([
      mkdtemp(join(tmpdir(), 'compare-chunkers-page-')),
      launchChromium(),
    ])
    corpus = join(folder, 'corpus')
    await mkdir(corpus)
  })
  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true })
  })

  async function opened(file: string, width: number, complaints: string[]): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 } })
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) complaints.push(`asked for ${request.url()}`)
    })
    await page.goto(pathToFileURL(file).href)
    return page
  }

  /** Every plot is on the page at a readable size, with its lines and words inside its frame. */
  async function expectPlots(page: Page, count: number): Promise<void> {
    const plots = page.locator('.plots svg')
    expect(await plots.count()).toBe(count)
    const found = await plots.evaluateAll((all) =>
      all.map((plot) => {
        const frame = plot.getBoundingClientRect()
        const outside = [...plot.querySelectorAll('text, polyline, circle')].filter((part) => {
          const box = part.getBoundingClientRect()
          const { left, top, right, bottom } = frame
          return box.left < left - 1 || box.top < top - 1 || box.right > right + 1 || box.bottom > bottom + 1
        })
        return {
          width: frame.width,
          height: frame.height,
          lines: plot.querySelectorAll('polyline').length,
          outside: outside.map((part) => part.textContent),
        }
      }),
    )
    for (const { width, height, lines, outside } of found) {
      expect(width).toBeGreaterThan(250)
      expect(height).toBeGreaterThan(150)
      expect(lines).toBeGreaterThan(0)
      expect(outside).toEqual([])
    }
  }

  it.each([1280, 390])('opens without a complaint and shows its plots, %i pixels wide', async (width) => {
    const rows = questions.map((row, i) => JSON.stringify({ id: String(i), ...row }))
    await writeFile(join(corpus, 'lease.txt'), text)
    await writeFile(join(corpus, 'questions.jsonl'), rows.join('\n'))
    const file = join(folder, `report-${width}.html`)
    const options = new Map([
      ['corpus', corpus],
      ['html', file],
    ])
    const context = new BenchContext({ quick: true, only: ['fixed 400/20%', 'cluster 200'], options })
    await compareChunkersBench.run(context)
    const complaints: string[] = []
    const page = await opened(file, width, complaints)
    await expectPlots(page, 6)
    // Wide tables scroll in their own box: the page itself never does.
    for (const summary of await page.locator('summary').all()) await summary.click()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    expect(await page.locator('td').first().isVisible()).toBe(true)
    expect(complaints).toEqual([])
  })

  it('shows the curves at equal recall', async () => {
    const file = join(folder, 'curves.html')
    const series = ['recursive', 'cluster'].map((name, i) => ({
      name,
      points: [
        [80, 40 - i],
        [85, 35 - i],
        [90, 20 - i],
      ] as const,
    }))
    const equalRecall = ['bm25', 'dense', 'hybrid'].map((name) => ({ name, series }))
    await writeFile(
      file,
      htmlPage({ title: 'Curves', about: '', facts: [], equalRecall, corpora: [], rows: [], notes: [] }),
    )
    const complaints: string[] = []
    const page = await opened(file, 900, complaints)
    await expectPlots(page, 3)
    expect(await page.locator('.legend li').allTextContents()).toEqual(['recursive', 'cluster'])
    expect(complaints).toEqual([])
  })
})
