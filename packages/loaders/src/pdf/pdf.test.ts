import { readdirSync, readFileSync } from 'node:fs'
import { isRagError } from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import { makePdf } from '../testing/make-pdf.js'
import { hasSharedData, sharedData } from '../testing/shared.js'
import { pdfFormat } from './index.js'

const format = pdfFormat({ timeoutMs: 20_000 })

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
    return undefined
  } catch (error) {
    return isRagError(error, 'load-failed') ? error.details.reason : error
  }
}

const prose = (word: string, count: number, x: number, top: number) =>
  Array.from({ length: count }, (_, line) => ({
    text: `${word} column line ${line + 1} of prose`,
    x,
    y: top - 14 * line,
    size: 11,
  }))

describe('pdfFormat', () => {
  it('gives text with page, heading and paragraph marks', async () => {
    const bytes = makePdf(
      [
        [
          { text: 'A Report', x: 72, y: 720, size: 24 },
          { text: 'First line of', x: 72, y: 680, size: 11 },
          { text: 'a paragraph.', x: 72, y: 666, size: 11 },
          { text: 'Another one (here).', x: 72, y: 630, size: 11 },
        ],
        [{ text: 'Second page.', x: 72, y: 700, size: 11 }],
      ],
      { title: 'On PDF', romanLabels: true },
    )
    const { text, marks, metadata } = await format.parse({ bytes, uri: 'a.pdf' })
    expect(text).toBe('A Report\n\nFirst line of\na paragraph.\n\nAnother one (here).\n\nSecond page.')
    expect(
      marks.map(({ kind, level, label, start, end }) => [kind, level, label, text.slice(start, end)]),
    ).toEqual([
      ['page', undefined, 'i', 'A Report\n\nFirst line of\na paragraph.\n\nAnother one (here).'],
      ['heading', 1, 'A Report', 'A Report'],
      ['paragraph', undefined, undefined, 'First line of\na paragraph.'],
      ['paragraph', undefined, undefined, 'Another one (here).'],
      ['page', undefined, 'ii', 'Second page.'],
      ['paragraph', undefined, undefined, 'Second page.'],
    ])
    expect(marks[1]?.box?.slice(0, 2)).toEqual([72, 52.8])
    expect(metadata).toEqual({ title: 'On PDF', created: '2024-01-31T11:00:00.000Z', pageCount: 2 })
  })

  it('reads columns one after the other, between lines that run across', async () => {
    const title = {
      text: 'A title that runs across both of the columns of this page',
      x: 72,
      y: 740,
      size: 11,
    }
    const footer = {
      text: 'A footer that runs across both of the columns of this page',
      x: 72,
      y: 400,
      size: 11,
    }
    const left = prose('Left', 8, 72, 700)
    const right = prose('Right', 8, 320, 700)
    const mixed = left.flatMap((line, at) => [line, right[at]!])
    const { text } = await format.parse({ bytes: makePdf([[title, ...mixed, footer]]), uri: 'a.pdf' })
    const order = text.split(/\n+/).map((line) => line.split(' ', 2).join(' '))
    expect(order).toEqual([
      'A title',
      ...left.map(() => 'Left column'),
      ...right.map(() => 'Right column'),
      'A footer',
    ])
  })

  it('reads tables row by row', async () => {
    const cells = [0, 1, 2, 3, 4].flatMap((row) =>
      [0, 1, 2].map((column) => ({
        text: `r${row}c${column}`,
        x: 72 + 150 * column,
        y: 700 - 16 * row,
        size: 11,
      })),
    )
    const { text } = await format.parse({ bytes: makePdf([cells]), uri: 'a.pdf' })
    expect(text.split('\n')).toEqual([0, 1, 2, 3, 4].map((row) => `r${row}c0\tr${row}c1\tr${row}c2`))
  })

  it('reads as many pages as asked', async () => {
    const bytes = makePdf([1, 2, 3].map((page) => [{ text: `Page ${page}`, x: 72, y: 700, size: 11 }]))
    const { text, metadata } = await pdfFormat({ maxPages: 2 }).parse({ bytes, uri: 'a.pdf' })
    expect(text).toBe('Page 1\n\nPage 2')
    expect(metadata?.pageCount).toBe(3)
  })

  it('fails with the reason for files without text or that are none', async () => {
    expect(await failureOf(format.parse({ bytes: makePdf([[]]), uri: 'a.pdf' }))).toBe('empty')
    expect(await failureOf(format.parse({ bytes: new TextEncoder().encode('no pdf'), uri: 'a.pdf' }))).toBe(
      'malformed',
    )
    expect(await failureOf(format.parse({ bytes: new Uint8Array(0), uri: 'a.pdf' }))).toBe('empty')
  })

  it('stops at the time limit, the memory limit and the signal, and reads on afterwards', async () => {
    const pages = Array.from({ length: 400 }, () => prose('Long', 40, 72, 740))
    const bytes = makePdf(pages)
    const hasty = pdfFormat({ timeoutMs: 1 })
    expect(await failureOf(hasty.parse({ bytes, uri: 'a.pdf' }))).toBe('timeout')
    const small = pdfFormat({ maxHeapMb: 16 })
    const wide = makePdf([
      Array.from({ length: 60_000 }, (_, at) => ({ text: `word ${at}`, x: at % 500, y: at % 700, size: 9 })),
    ])
    expect(await failureOf(small.parse({ bytes: wide, uri: 'a.pdf' }))).toBe('too-large')
    const controller = new AbortController()
    const reading = format.parse({ bytes, uri: 'a.pdf' }, { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 50)
    await expect(reading).rejects.toThrow('enough')
    expect((await format.parse({ bytes: makePdf([prose('On', 1, 72, 700)]), uri: 'b.pdf' })).text).toMatch(
      /^On column/,
    )
  })

  it('reads files given at the same time', async () => {
    const texts = await Promise.all(
      ['one', 'two', 'three'].map(async (word) => {
        const bytes = makePdf([[{ text: word, x: 72, y: 700, size: 11 }]])
        return (await format.parse({ bytes, uri: `${word}.pdf` })).text
      }),
    )
    expect(texts).toEqual(['one', 'two', 'three'])
  })

  it('checks its options', () => {
    expect(() => pdfFormat({ maxPages: 0 })).toThrow(/`maxPages` must be/)
    expect(() => pdfFormat({ timeoutMs: 0 })).toThrow(/`timeoutMs` must be/)
    expect(() => pdfFormat({ maxHeapMb: 1 })).toThrow(/`maxHeapMb` must be/)
  })
})

function words(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of text.match(/[\p{L}\p{N}]+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

function wordF1(found: string, wanted: string): number {
  const a = words(found)
  const b = words(wanted)
  let shared = 0
  let total = 0
  for (const [word, count] of a) {
    shared += Math.min(count, b.get(word) ?? 0)
    total += count
  }
  for (const count of b.values()) total += count
  return total === 0 ? 1 : (2 * shared) / total
}

describe.skipIf(!hasSharedData)('pdfFormat: measured (skipped without the shared data sets)', () => {
  it('finds the words of hard fonts: mean F1 of at least 0.86 on the PDFBox files', async () => {
    const folder = `${sharedData}/pdf/pdfbox`
    const names = readdirSync(folder).filter((name) => name.endsWith('.pdf'))
    let sum = 0
    for (const name of names) {
      const wanted = readFileSync(`${folder}/${name}.txt`, 'utf8')
      const { text } = await format.parse({ bytes: readFileSync(`${folder}/${name}`), uri: name })
      sum += wordF1(text, wanted)
    }
    expect(names.length).toBeGreaterThan(15)
    expect(sum / names.length).toBeGreaterThan(0.86)
  })

  it('ends on every broken, fuzzed or encrypted file with text or a typed failure', async () => {
    const outcomes = new Map<string, number>()
    for (const folder of ['pdfjs', 'qpdf', 'qpdf-fuzz', 'pdfplumber']) {
      const path = `${sharedData}/hostile/${folder}`
      for (const name of readdirSync(path).filter((each) => /\.(pdf|fuzz)$/.test(each))) {
        const outcome = await failureOf(format.parse({ bytes: readFileSync(`${path}/${name}`), uri: name }))
        outcomes.set(String(outcome), (outcomes.get(String(outcome)) ?? 0) + 1)
      }
    }
    expect([...outcomes.keys()].sort()).toEqual(['empty', 'malformed', 'password', 'undefined'])
    expect(outcomes.get('undefined')).toBeGreaterThan(40)
  })

  it('opens encrypted files with their password only', async () => {
    const bytes = readFileSync(
      `${sharedData}/pdf/pypdf-samples/005-libreoffice-writer-password/libreoffice-writer-password.pdf`,
    )
    expect(await failureOf(format.parse({ bytes, uri: 'a.pdf' }))).toBe('password')
    await expect(pdfFormat({ password: 'wrong' }).parse({ bytes, uri: 'a.pdf' })).rejects.toThrow(
      /password given does not open it/,
    )
    const { text } = await pdfFormat({ password: 'openpassword' }).parse({ bytes, uri: 'a.pdf' })
    expect(text.length).toBeGreaterThan(0)
  })

  it('reads Chinese, Japanese and Korean without embedded character maps', async () => {
    const { text } = await format.parse({
      bytes: readFileSync(`${sharedData}/pdf/pdfjs-features/noembed-jis7.pdf`),
      uri: 'a.pdf',
    })
    expect(text).toMatch(/[\u3040-\u30ff\u4e00-\u9fff]/)
  })
})
