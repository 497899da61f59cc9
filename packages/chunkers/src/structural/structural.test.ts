import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Document, Mark, Tokenizer } from '@tesserae/core'
import { pieceTokenizer, toChunks, tokenRuler } from '@tesserae/core'
import { chunkerLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import type { StructuralChunkerOptions } from './structural.js'
import { structuralChunker } from './structural.js'
import { markdownDocument } from './testing/mark-blocks.js'

const shared = process.env.TESSERAE_SHARED ?? join(import.meta.dirname, '../../../../../shared')
const specification = join(shared, 'data/docs/commonmark/spec.txt')
const naughtyStrings = join(shared, 'data/hostile/blns/blns.json')

async function chunksOf(source: string | Document, options: StructuralChunkerOptions) {
  const document = typeof source === 'string' ? markdownDocument('d', source) : source
  return toChunks(document, await structuralChunker(options).split(document))
}

/** Context and text of each chunk. */
async function shown(source: string | Document, options: StructuralChunkerOptions) {
  return (await chunksOf(source, options)).map(({ context, text }) => [context, text])
}

const words = (count: number, word = 'word') => Array<string>(count).fill(word).join(' ')

describe('structuralChunker: sections', () => {
  it('makes each section a chunk under the path of its headings', async () => {
    const text = '# A\n\nOne two.\n\n## B\n\nThree.\n\n### C\n\nFour.\n\n## D\n\nFive.\n'
    expect(await shown(text, { maxTokens: 40, minTokens: 0 })).toEqual([
      ['A', '# A\n\nOne two.'],
      ['A > B', '## B\n\nThree.'],
      ['A > B > C', '### C\n\nFour.'],
      ['A > D', '## D\n\nFive.'],
    ])
    const bare = await shown(text, { maxTokens: 40, minTokens: 0, headingContext: false })
    expect(bare.map(([context]) => context)).toEqual([undefined, undefined, undefined, undefined])
  })

  it('merges small siblings, and says only what they share', async () => {
    const text = `# A\n\n${words(30)}\n\n## B\n\nbb\n\n## C\n\ncc\n\n## D\n\ndd\n\n# E\n\nee\n`
    expect(await shown(text, { maxTokens: 48, minTokens: 10 })).toEqual([
      ['A', `# A\n\n${words(30)}`],
      ['A', '## B\n\nbb\n\n## C\n\ncc\n\n## D\n\ndd'],
      [undefined, '# E\n\nee'].map((part, index) => (index === 0 ? 'E' : part)),
    ])
  })

  it('merges what stays small with the group before it, never across a parent', async () => {
    const text = `# A\n\n## B\n\n${words(12)}\n\n## C\n\ncc\n\n# D\n\n${words(12)}\n`
    expect((await shown(text, { maxTokens: 60, minTokens: 14 })).map(([context]) => context)).toEqual([
      'A',
      'D',
    ])
    const more = await shown(`${text}\n## E\n\n${words(20)}\n\n# F\n\nff`, {
      maxTokens: 60,
      minTokens: 14,
    })
    expect(more.map(([context]) => context)).toEqual(['A', 'D', 'D > E', 'F'])
  })

  it('keeps the text before the first heading, and headings without text', async () => {
    expect(await shown('Before.\n\n# A\n\n## B\n\n# C', { maxTokens: 20, minTokens: 0 })).toEqual([
      [undefined, 'Before.'],
      ['A', '# A\n\n## B'],
      ['C', '# C'],
    ])
    expect(await shown('# Only', { maxTokens: 20 })).toEqual([['Only', '# Only']])
  })

  it('keeps a bare heading with its first subsection, also when that is divided', async () => {
    const text = `# A\n\n## B\n\n${words(30, 'One two.')}`
    const chunks = await shown(text, { maxTokens: 30 })
    expect(chunks[0]?.[1]).toMatch(/^# A\n\n## B\n\nOne two\./)
    expect(chunks.map(([context]) => context)).toEqual([
      'A',
      ...Array<string>(chunks.length - 1).fill('A > B'),
    ])
  })

  it('leaves out outer titles of a path over its share, then the end of the last', async () => {
    const text = `# ${words(20, 'outer')}\n\n## Inner\n\n${words(8)}`
    const [, inner] = await shown(text, { maxTokens: 40, minTokens: 0 })
    expect(inner?.[0]).toBe('… > Inner')
    const [first] = await shown(text, { maxTokens: 60, minTokens: 0 })
    expect(first?.[0]).toMatch(/^outer.* outer…$/)
    const path = pieceTokenizer().ends(`${first?.[0]}\n`).length
    expect(path).toBeLessThanOrEqual(15)
    expect(path).toBeGreaterThan(10)
  })

  it('does not drop a heading over the cap', async () => {
    const text = `# ${words(50, 'title')}\n\nBody.`
    const chunks = await chunksOf(text, { maxTokens: 20 })
    expect(chunks.map((chunk) => chunk.text).join(' ')).toBe(text)
  })

  it('takes headings inside lists and quotes as part of those', async () => {
    const text = '> Title\n> body\n\nAfter.'
    const document: Document = {
      id: 'd',
      text,
      marks: [
        { kind: 'quote', start: 0, end: 14 },
        { kind: 'heading', level: 1, label: 'Title', start: 2, end: 7 },
        { kind: 'paragraph', start: 16, end: 22 },
      ],
      metadata: {},
    }
    expect(await shown(document, { maxTokens: 20, minTokens: 0 })).toEqual([[undefined, text]])
  })
})

describe('structuralChunker: blocks', () => {
  it('keeps a list whole where it fits, rather than filling the chunk before it', async () => {
    const list = '- one two three\n- four five six\n- seven eight'
    const chunks = await shown(`${words(20)}\n\n${list}\n\n${words(20)}`, { maxTokens: 30 })
    expect(chunks.map(([, text]) => text)).toEqual([words(20), list, words(20)])
  })

  it('divides a list at its items and a nested list at its own', async () => {
    const item = (name: string) => `- ${name}\n  - ${name}.1 x\n  - ${name}.2 y`
    const list = ['a', 'b', 'c', 'd'].map(item).join('\n')
    const chunks = await shown(list, { maxTokens: 30 })
    expect(chunks.map(([, text]) => text)).toEqual([
      `${item('a')}\n${item('b')}`,
      `${item('c')}\n${item('d')}`,
    ])
    const tight = await shown(list, { maxTokens: 10 })
    expect(tight.every(([, text]) => /^ *- /.test(text!))).toBe(true)
    // The indentation tells that the item is nested.
    expect(tight.map(([, text]) => text)).toContain('  - a.1 x\n  - a.2 y')
  })

  it('takes every line of a list without marks inside for an item', async () => {
    const item = (name: string) =>
      `${name} one two three four five six seven eight nine ten\nnested ${name}\nlast ${name}`
    const text = ['a', 'b', 'c'].map(item).join('\n')
    const list: Mark = { kind: 'list', start: 0, end: text.length }
    const nested = [...text.matchAll(/nested \w/g)].map(
      ({ index }): Mark => ({ kind: 'list', start: index, end: index + 8 }),
    )
    const parts = await shown({ id: 'd', text, marks: [list], metadata: {} }, { maxTokens: 14, minTokens: 0 })
    expect(parts.map(([, part]) => part)).toEqual([
      item('a').slice(0, -7),
      `last a\n${item('b').split('\n')[0]}`,
      'nested b\nlast b',
      item('c').slice(0, -7),
      'last c',
    ])
    // A nested list goes on with its item.
    const whole = await shown(
      { id: 'd', text, marks: [list, ...nested], metadata: {} },
      { maxTokens: 14, minTokens: 0 },
    )
    expect(whole.map(([, part]) => part)).toEqual([
      item('a').slice(0, -7),
      `last a`,
      item('b').slice(0, -7),
      `last b`,
      item('c').slice(0, -7),
      'last c',
    ])
  })

  it('repeats the header row in front of the rows that go on', async () => {
    const rows = Array.from({ length: 24 }, (_, index) => `| r${index} | v${index} |`)
    const table = ['| Name | Value |', '|---|---|', ...rows].join('\n')
    const chunks = await shown(`# T\n\n${table}`, { maxTokens: 60 })
    expect(chunks.length).toBeGreaterThan(2)
    expect(chunks[0]?.[0]).toBe('T')
    expect(chunks[0]?.[1]).toMatch(/^# T\n\n\| Name \| Value \|\n\|---\|---\|\n\| r0 /)
    for (const [context, text] of chunks.slice(1)) {
      expect(context).toBe('T\n| Name | Value |')
      expect(text).toMatch(/^\| r\d+ \|.*\|$/s)
    }
    const plain = await shown(`# T\n\n${table}`, { maxTokens: 60, blockContext: false })
    expect(plain.map(([context]) => context)).toEqual(Array<string>(plain.length).fill('T'))
  })

  it('closes no chunk behind a heading or the header of a table', async () => {
    const text = '# One two three four five six\n\nBody text.\n\nMore text.'
    const chunks = await shown(text, { maxTokens: 40, softTokens: 4, headingContext: false })
    expect(chunks.map(([, part]) => part)).toEqual([text.slice(0, -12), 'More text.'])
    const table = `| Name | Value |\n|---|---|\n${'| a | 1 |\n'.repeat(12)}`
    const [first] = await shown(table, { maxTokens: 60, softTokens: 2 })
    expect(first?.[1]).toBe('| Name | Value |\n|---|---|\n| a | 1 |')
  })

  it('divides a row at its cells when only the repeated header leaves too little room', async () => {
    const row = `| ${words(14, 'left')} | ${words(15, 'right')} |`
    const chunks = await shown(`| A | B |\n|---|---|\n| x | y |\n${row}`, { maxTokens: 36 })
    expect(chunks.slice(1)).toEqual([
      ['| A | B |', `| ${words(14, 'left')}`],
      ['| A | B |', `| ${words(15, 'right')} |`],
    ])
  })

  it('leaves the context out where a single character only fits without it', async () => {
    const heavy: Tokenizer = {
      id: 'heavy',
      ends: (text) =>
        Uint32Array.from(
          [...text].flatMap((character, index) => Array<number>(character === '€' ? 20 : 1).fill(index + 1)),
        ),
    }
    const text = '# Twelve chars\n\n€'
    const options = { maxTokens: 30, headingContext: { maxTokens: 15 }, tokenizer: heavy }
    expect(await shown(text, options)).toEqual([
      ['Twelve chars', '# Twelve chars'],
      [undefined, '€'],
    ])
  })

  it('divides a row over the cap at its cells, none lost', async () => {
    const text = `| A | B |\n|---|---|\n| ${words(20, 'left')} | ${words(20, 'right')} |\n| x | y |`
    const chunks = await shown(text, { maxTokens: 40 })
    expect(chunks.map(([, part]) => part)).toContain(`| ${words(20, 'right')} |\n| x | y |`)
  })

  it('divides code at blank lines first, and names its language', async () => {
    const part = (name: string) => `function ${name}() {\n  return 1\n}`
    const code = `\`\`\`ts\n${['a', 'b', 'c', 'd', 'e', 'f'].map(part).join('\n\n')}\n\`\`\``
    const chunks = await shown(`# C\n\n${code}`, { maxTokens: 45 })
    expect(chunks.map(([context]) => context)).toEqual(['C', 'C\nts'])
    for (const [, text] of chunks.slice(1)) expect(text).toMatch(/^function/)
  })

  it('keeps indentation at the start of a chunk that goes on with code', async () => {
    const code = `\`\`\`\nif (a) {\n${words(8, '    call()\n')}\n}\n\`\`\``
    const [, second] = await chunksOf(code, { maxTokens: 24 })
    expect(second?.text).toMatch(/^ {4,5}call/)
  })

  it('closes a chunk at the next edge of a block behind the soft limit', async () => {
    const text = ['a', 'b', 'c', 'd'].map((word) => words(10, word)).join('\n\n')
    const chunks = await shown(text, { maxTokens: 60, softTokens: 15 })
    expect(chunks.map(([, part]) => part)).toEqual([
      `${words(10, 'a')}\n\n${words(10, 'b')}`,
      `${words(10, 'c')}\n\n${words(10, 'd')}`,
    ])
    expect((await shown(text, { maxTokens: 60 })).length).toBe(1)
  })

  it('keeps an introduction with what it announces', async () => {
    const text = `${words(10)}\n\n${words(4)}:\n\n- ${words(9)}\n- ${words(9)}`
    const chunks = await shown(text, { maxTokens: 28 })
    expect(chunks[1]?.[1]).toMatch(/^word word word word:\n\n- /)
  })

  it('leaves no crumb at the end of a section where another cut is as good', async () => {
    const text = [10, 10, 10, 3].map((count) => words(count)).join('\n\n')
    const sizes = (await chunksOf(text, { maxTokens: 31, minTokens: 7 })).map((chunk) => chunk.tokens)
    expect(sizes).toEqual([20, 13])
  })

  it('cuts at paragraphs, lines and sentences where there are no marks', async () => {
    const document = (text: string): Document => ({ id: 'd', text, marks: [], metadata: {} })
    expect(await shown(document('One two. Three four.\n\nFive six.'), { maxTokens: 7 })).toEqual([
      [undefined, 'One two. Three four.'],
      [undefined, 'Five six.'],
    ])
    expect(await chunksOf(document(' \n '), {})).toEqual([])
  })
})

describe('structuralChunker: hostile documents', () => {
  it('puts marks right that are out of order, outside the text, empty or crossing', async () => {
    const text = 'Title\n\nOne two three.\n\nFour five six.'
    const marks = [
      { kind: 'paragraph', start: 23, end: 37 },
      { kind: 'heading', level: 1, start: 0, end: 5 },
      { kind: 'table', start: 10, end: 30 },
      { kind: 'code', start: 30, end: 900 },
      { kind: 'list', start: Number.NaN, end: 3 },
      { kind: 'quote', start: 4, end: 4 },
    ] satisfies Mark[]
    for (const maxTokens of [3, 5, 40]) {
      const chunks = await chunksOf({ id: 'd', text, marks, metadata: {} }, { maxTokens, minTokens: 0 })
      expect(chunks.map((chunk) => chunk.text.replace(/\s/g, '')).join('')).toBe(text.replace(/\s/g, ''))
      expect(chunks.at(-1)?.context ?? 'Title').toMatch(/^Title/)
    }
  })

  it('takes marks and headings nested without end', async () => {
    const depth = 50_000
    const text = 'x '.repeat(depth)
    const nested = Array.from({ length: depth }, (_, at) => ({
      kind: 'quote' as const,
      start: at,
      end: text.length - at / 2,
    })).filter((mark) => Number.isInteger(mark.end))
    const chunks = await chunksOf({ id: 'd', text, marks: nested, metadata: {} }, { maxTokens: 100 })
    expect(chunks.length).toBeGreaterThan(depth / 101)
    const headings = Array.from({ length: depth }, (_, at) => ({
      kind: 'heading' as const,
      level: at + 1,
      start: at * 2,
      end: at * 2 + 1,
    }))
    const split = await structuralChunker({ maxTokens: 100 }).split({
      id: 'd',
      text,
      marks: headings,
      metadata: {},
    })
    expect(split.at(-1)?.end).toBe(text.length - 1)
  })

  it('splits 10 MB in one section, one table and one list', async () => {
    const row = '| a cell | another cell |\n'
    const item = '- an item of the list\n'
    const parts = [row.repeat(150_000), item.repeat(150_000), 'A sentence of the text. '.repeat(130_000)]
    const document = markdownDocument('d', parts.join('\n'))
    const spans = await structuralChunker().split(document)
    expect(document.text.length).toBeGreaterThan(10_000_000)
    expect(spans.at(-1)?.end).toBe(document.text.trimEnd().length)
    let covered = 0
    for (const { start, end } of spans) {
      expect(document.text.slice(covered, start).trim()).toBe('')
      covered = end
    }
  })

  it('ends with the reason of the signal while it works', async () => {
    const document = markdownDocument('d', '# A\n\nText of the section.\n\n'.repeat(200_000))
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('enough')), 0)
    const run = structuralChunker({ minTokens: 0 }).split(document, { signal: controller.signal })
    await expect(run).rejects.toThrow('enough')
  })

  const hasShared = existsSync(naughtyStrings) && existsSync(specification)
  describe.skipIf(!hasShared)('files of the shared data folder (skipped where that is absent)', () => {
    const strings = hasShared ? (JSON.parse(readFileSync(naughtyStrings, 'utf8')) as string[]) : ['']
    const spec = hasShared ? readFileSync(specification, 'utf8') : ''
    const laws = chunkerLaws(() => structuralChunker({ maxTokens: 30 }), {
      texts: [...strings, strings.join('\n\n# '), spec, spec.replaceAll('\n', '\r\n')],
      document: markdownDocument,
      maxTokens: 30,
      tokenizer: pieceTokenizer(),
      hugeLineUnits: 1000,
    })
    for (const law of laws) it(law.name, () => law.run())

    it('keeps every list, table and code block of the CommonMark specification that fits', async () => {
      const document = markdownDocument('d', spec)
      const ruler = tokenRuler(pieceTokenizer(), spec)
      const chunks = await chunksOf(document, { maxTokens: 300 })
      const path = 75
      let kept = 0
      for (const { kind, start, end } of document.marks) {
        if (kind !== 'list' && kind !== 'table' && kind !== 'code') continue
        if (ruler.count(start, end) > 300 - path) continue
        kept++
        expect(
          chunks.some((chunk) => chunk.start <= start && chunk.end >= end),
          spec.slice(start, end),
        ).toBe(true)
      }
      expect(kept).toBeGreaterThan(500)
    })
  })
})

describe('structuralChunker: options', () => {
  it.each([
    [{ maxTokens: 0 }, 'maxTokens'],
    [{ maxTokens: Number.NaN }, 'maxTokens'],
    [{ maxTokens: 10, softTokens: 11 }, 'at most `maxTokens` (10)'],
    [{ maxTokens: 10, softTokens: 5, minTokens: 6 }, 'at most `softTokens` (5)'],
    [{ minTokens: -1 }, 'minTokens'],
    [{ maxTokens: 10, headingContext: { maxTokens: 6 } }, 'at most half of `maxTokens` (10)'],
    [{ headingContext: { maxTokens: 0 } }, 'headingContext.maxTokens'],
    [{ headingContext: 'yes' }, 'headingContext'],
    [{ blockContext: 1 }, 'blockContext'],
    [{ locale: 'nope nope' }, 'locale'],
    [{ overlap: 3 }, 'an option of structuralChunker'],
  ])('refuses %j', (options, message) => {
    expect(() => structuralChunker(options as StructuralChunkerOptions)).toThrow(message)
  })

  it('is told apart by its options', () => {
    const ids = [
      {},
      { maxTokens: 300 },
      { softTokens: 300 },
      { minTokens: 0 },
      { headingContext: false },
    ].map((options) => structuralChunker(options).id)
    expect(new Set(ids).size).toBe(5)
    expect(structuralChunker({ maxTokens: 400, softTokens: 400 }).id).toBe(ids[0])
  })
})
