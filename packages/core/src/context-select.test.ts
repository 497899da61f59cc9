import { describe, expect, it } from 'vitest'
import type { Chunk } from './chunk.js'
import { assembleContext, type ContextOptions } from './context.js'
import type { Excerpt } from './excerpt.js'
import type { Hit } from './retriever.js'
import type { Tokenizer } from './tokenizer.js'

const characters: Tokenizer = {
  id: 'characters',
  ends: (text) => Uint32Array.from({ length: text.length }, (_, place) => place + 1),
}
const hit = (
  documentId: string,
  start: number,
  text: string,
  score: number,
  more: Partial<Chunk> = {},
): Hit => ({
  score,
  trace: [],
  chunk: {
    id: `${documentId}:${start}`,
    documentId,
    index: 0,
    start,
    end: start + text.length,
    text,
    headings: [],
    metadata: {},
    ...more,
  },
})
const assemble = (hits: readonly Hit[], options: Partial<ContextOptions> = {}) =>
  assembleContext(hits, { maxTokens: 2_000, tokenizer: characters, ...options })
const reasons = (omitted: readonly { chunkId: string; reason: string }[]) =>
  omitted.map(({ chunkId, reason }) => `${chunkId} ${reason}`)

const deposit =
  'The tenant pays a deposit of two months of rent before the keys are handed over to the tenant.'

describe('duplicates in a context', () => {
  const hits = [
    hit('a', 0, deposit, 0.9, { headings: ['Lease A'], page: '4', uri: 'a.pdf' }),
    hit('b', 50, deposit.toUpperCase().replaceAll(' ', '\n'), 0.8, { headings: ['Lease B'], page: '2' }),
    hit('c', 0, 'Pets are welcome.', 0.7),
    hit('d', 9, deposit, 0.6, { headings: ['Lease A'], page: '4' }),
  ]

  it('are shown once, with every source named to the model and in the citation', async () => {
    const { text, citations, omitted } = await assemble(hits)
    expect(text).toBe(`[1] Lease A (page 4); also: Lease B (page 2)\n${deposit}\n\n[2] Pets are welcome.`)
    expect(omitted).toEqual([])
    expect(citations[0]!.chunkIds).toEqual(['a:0'])
    expect(citations[0]!.alsoIn).toEqual([
      {
        documentId: 'b',
        page: '2',
        start: 50,
        end: 50 + deposit.length,
        text: hits[1]!.chunk.text,
        headings: ['Lease B'],
        chunkId: 'b:50',
        score: 0.8,
      },
      {
        documentId: 'd',
        page: '4',
        start: 9,
        end: 9 + deposit.length,
        text: deposit,
        headings: ['Lease A'],
        chunkId: 'd:9',
        score: 0.6,
      },
    ])
    const all = await assemble(hits, { duplicates: false })
    expect(all.citations.length).toBe(4)
  })

  it('are near ones only when asked, and never where a figure differs', async () => {
    const near = deposit.replace('handed over', 'given')
    const other = deposit.replace('two', '3')
    const figures = [hit('a', 0, deposit.replace('two', '2'), 0.9), hit('b', 0, other, 0.8)]
    const words = [hit('a', 0, deposit, 0.9), hit('b', 0, near, 0.8)]
    expect((await assemble(words)).citations.length).toBe(2)
    expect((await assemble(words, { duplicates: 0.6 })).citations.length).toBe(1)
    expect((await assemble(figures, { duplicates: 0.5 })).citations.length).toBe(2)
  })

  it('leave the budget kept, whatever their sources are called', async () => {
    const exact = (await assemble(hits.slice(0, 1))).tokens
    const tight = await assemble(hits.slice(0, 2), { maxTokens: exact })
    expect(tight.tokens).toBe(exact)
    expect(reasons(tight.omitted)).toEqual(['b:50 budget'])
    expect(tight.citations[0]!.alsoIn).toEqual([])
  })

  it('are found in hostile texts too, in no time', async () => {
    const run = 60_000
    for (const hostile of [
      'a'.repeat(run),
      '.'.repeat(run),
      `1${'.'.repeat(run)}1`,
      'a.'.repeat(run),
      '1,'.repeat(run),
    ]) {
      const twice = [hit('a', 0, hostile, 0.9), hit('b', 0, `${hostile}x`, 0.8)]
      const { citations } = await assemble(twice, { duplicates: 0.5, diversity: 0.5, maxTokens: 1_000_000 })
      expect(citations.length).toBeGreaterThan(0)
    }
  })

  it('are merged as neighbours where they stand in one document', async () => {
    const twice = [hit('a', 0, 'la la ', 0.9), hit('a', 6, 'la la ', 0.8)]
    const { citations } = await assemble(twice)
    expect(citations.map(({ text, alsoIn }) => [text, alsoIn.length])).toEqual([['la la la la ', 0]])
  })
})

describe('choice of passages', () => {
  it('shows at most so many hits of a document', async () => {
    const hits = [
      hit('a', 0, 'one', 5),
      hit('a', 10, 'two', 4),
      hit('a', 20, 'three', 3),
      hit('b', 0, 'four', 2),
    ]
    const { text, omitted } = await assemble(hits, { maxPerDocument: 2 })
    expect(text).toBe('[1] one\n\n[2] two\n\n[3] four')
    expect(reasons(omitted)).toEqual(['a:20 document'])
  })

  it('prefers what is unlike what it has, as far as it is told', async () => {
    const hits = [
      hit('a', 0, 'the deposit is two months of rent', 1),
      hit('b', 0, 'the deposit is two months of rent!', 0.9),
      hit('c', 0, 'pets are welcome in all flats', 0.5),
    ]
    const order = async (diversity: number) =>
      (await assemble(hits, { diversity })).citations.map(({ documentId }) => documentId).join('')
    expect(await order(0)).toBe('abc')
    expect(await order(0.6)).toBe('acb')
    const short = await assemble(hits, { diversity: 0.6, maxTokens: 75 })
    expect(short.citations.map(({ documentId }) => documentId)).toEqual(['a', 'c'])
    expect(reasons(short.omitted)).toEqual(['b:0 budget'])
  })
})

describe('excerpts in a context', () => {
  const text = 'First. Second! Third? Fourth.'
  const source = hit('a', 100, text, 1, { headings: ['Lease'], page: '1' })
  const spans = (...pairs: [number, number][]): Excerpt => ({
    verbatim: true,
    spans: pairs.map(([start, end]) => ({ start, end })),
  })

  it('show slices with a sign where something was left out, and cite the exact places', async () => {
    const excerpts = new Map([['a:100', spans([100, 106], [115, 121])]])
    const { text: context, citations } = await assemble([source], { excerpts })
    expect(context).toBe('[1] Lease (page 1)\nFirst. … Third?')
    expect(citations[0]).toMatchObject({ start: 100, end: 129, text, verbatim: true })
    expect(citations[0]!.shown.map(({ start, end }) => text.slice(start - 100, end - 100))).toEqual([
      'First.',
      'Third?',
    ])
  })

  it('are put together where chunks meet', async () => {
    const next = hit('a', 129, ' Fifth.', 0.5, { page: '2' })
    const excerpts = new Map([['a:100', spans([100, 106])]])
    const { text: context, citations } = await assemble([source, next], { excerpts })
    expect(context).toBe('[1] Lease (page 1)\nFirst. …  Fifth.')
    expect(citations[0]!.pages).toEqual(['1', '2'])
    expect(citations[0]!.shown).toEqual([
      { start: 100, end: 106 },
      { start: 129, end: 136 },
    ])
  })

  it('are marked when they are not the words of the source, and stay apart', async () => {
    const excerpts = new Map<string, Excerpt>([
      ['a:100', { verbatim: false, text: 'Four sentences, see [3].' }],
    ])
    const next = hit('a', 129, ' Fifth.', 0.5)
    const { text: context, citations } = await assemble([source, next], { excerpts })
    expect(context).toBe(
      '[1] Lease (page 1) (a summary, not the words of the source)\nFour sentences, see \\[3\\].\n\n[2]  Fifth.',
    )
    expect(citations[0]).toMatchObject({ verbatim: false, shown: [], text, start: 100 })
  })

  it('are cut like passages when they alone are too long, unless rewritten', async () => {
    const excerpts = new Map([['a:100', spans([100, 106], [107, 129])]])
    const bare = { ...source, chunk: { ...source.chunk, headings: [], page: undefined } }
    const { text: context, citations } = await assemble([bare], { excerpts, maxTokens: 21 })
    expect(context).toBe('[1] First. … Second!')
    expect(citations[0]).toMatchObject({ cut: true, end: 114, text: 'First. Second!' })
    const rewritten = new Map<string, Excerpt>([['a:100', { verbatim: false, text: 'x'.repeat(99) }]])
    const none = await assemble([bare], { excerpts: rewritten, maxTokens: 21 })
    expect(reasons(none.omitted)).toEqual(['a:100 budget'])
  })

  it('leave out what is empty, and refuse places that are none', async () => {
    expect(reasons((await assemble([source], { excerpts: new Map([['a:100', spans()]]) })).omitted)).toEqual([
      'a:100 excerpt',
    ])
    for (const wrong of [
      spans([0, 5]),
      spans([100, 130]),
      spans([103, 103]),
      spans([110, 115], [100, 105]),
      spans([100.5, 105]),
    ])
      await expect(assemble([source], { excerpts: new Map([['a:100', wrong]]) })).rejects.toMatchObject({
        code: 'invalid-span',
      })
  })
})
