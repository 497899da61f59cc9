import type { ChunkSpan } from '@tesserae/core'
import { pieceTokenizer, toChunks, tokenRuler } from '@tesserae/core'
import { generateTexts } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { markdownDocument } from '../structural/testing/mark-blocks.js'
import type { HierarchicalChunkerOptions } from './hierarchical.js'
import { hierarchical1500, hierarchicalChunker } from './hierarchical.js'

const sentences = (count: number) =>
  Array.from({ length: count }, (_, at) => `This is sentence ${at} here.`).join(' ')
const plain = (text: string) => ({ id: 'd', text, marks: [], metadata: {} })
const key = ({ start, end }: { readonly start: number; readonly end: number }) => `${start}-${end}`

describe('hierarchicalChunker', () => {
  it('gives small chunks in the window of their parent', async () => {
    const document = plain(sentences(100))
    const chunks = toChunks(
      document,
      await hierarchicalChunker({ sizes: [140, 35], overlapTokens: 7 }).split(document),
    )
    const parents = new Set(chunks.map(({ window }) => key(window!)))
    expect(parents.size).toBeGreaterThan(4)
    expect(chunks.length).toBeGreaterThan(parents.size * 4)
    for (const chunk of chunks) {
      expect(chunk.tokens).toBeLessThanOrEqual(35)
      const window = document.text.slice(chunk.window!.start, chunk.window!.end)
      expect(window).toContain(chunk.text)
      // Cut between sentences on both levels.
      expect(window).toMatch(/^This.*here\.$/)
      expect(chunk.text).toMatch(/^This.*here\.$/)
    }
  })

  it('overlaps leaves inside a parent and nothing else', async () => {
    const document = plain(sentences(60))
    const [parents, leaves] = await hierarchicalChunker({ sizes: [100, 35], overlapTokens: 8 }).levels(
      document,
    )
    const overlapping = (spans: readonly ChunkSpan[]) =>
      spans.slice(1).filter((span, index) => span.start < spans[index]!.end)
    expect(overlapping(parents!)).toEqual([])
    const repeated = overlapping(leaves!)
    expect(repeated.length).toBe(leaves!.length - parents!.length)
    const none = await hierarchicalChunker({ sizes: [100, 35], overlapTokens: 0 }).split(document)
    expect(overlapping(none)).toEqual([])
  })

  it('nests any number of levels, each in the window of the one above', async () => {
    const sizes = [400, 100, 30, 9]
    const ruler = pieceTokenizer()
    for (const text of generateTexts({ count: 150, seed: 9, hugeLineUnits: 3000 })) {
      const document = markdownDocument('d', text)
      const chunker = hierarchicalChunker({ sizes, base: 'structural' })
      const levels = await chunker.levels(document)
      expect(levels.length).toBe(4)
      expect(levels[3]).toEqual(await chunker.split(document))
      const { count } = tokenRuler(ruler, text)
      for (const [depth, spans] of levels.entries()) {
        const above = new Set(levels[depth - 1]?.map(key))
        const used = new Set<string>()
        for (const span of spans) {
          expect(count(span.start, span.end)).toBeLessThanOrEqual(sizes[depth]!)
          if (depth === 0) expect(span.window).toBeUndefined()
          else {
            expect(above.has(key(span.window!))).toBe(true)
            used.add(key(span.window!))
          }
        }
        // Every parent has children: nothing of it is lost.
        expect(used.size).toBe(above.size)
      }
    }
  })

  it('cuts parents along sections and shares their heading path', async () => {
    const text = `# A\n\n${sentences(6)}\n\n## B\n\n${sentences(6)}\n\n# C\n\n${sentences(6)}`
    const document = markdownDocument('d', text)
    const spans = await hierarchicalChunker({ sizes: [60, 25], base: 'structural', overlapTokens: 0 }).split(
      document,
    )
    const shown = toChunks(document, spans).map(({ context, window }) => [
      context,
      text.slice(window!.start, window!.end),
    ])
    expect(new Set(shown.map(([context]) => context))).toEqual(new Set(['A', 'A > B', 'C']))
    for (const [context, window] of shown) expect(window).toMatch(new RegExp(`^#+ ${context?.at(-1)}\n`))
  })

  it('keeps small tables and code whole in leaves', async () => {
    const table = '| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |'
    const text = Array.from({ length: 9 }, () => `${sentences(2)}\n\n${table}\n\n`).join('')
    const document = markdownDocument('d', text)
    const chunks = toChunks(
      document,
      await hierarchicalChunker({ sizes: [150, 40], overlapTokens: 0 }).split(document),
    )
    for (const mark of document.marks) {
      if (mark.kind !== 'table') continue
      expect(chunks.some(({ start, end }) => start <= mark.start && end >= mark.end)).toBe(true)
    }
  })

  it('splits 10 MB', async () => {
    const text = sentences(360_000)
    const [parents, leaves] = await hierarchical1500().levels(plain(text))
    expect(leaves!.length).toBeGreaterThan(parents!.length * 4)
    expect(leaves!.at(-1)?.end).toBe(text.length)
  })

  it('ends with the reason of the signal while it works', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('enough')), 0)
    const run = hierarchical1500().levels(plain(sentences(200_000)), { signal: controller.signal })
    await expect(run).rejects.toThrow('enough')
    await expect(hierarchical1500().levels(plain('a'), { signal: AbortSignal.abort('no') })).rejects.toBe(
      'no',
    )
  })

  it('has a preset', async () => {
    expect(hierarchical1500().id).toBe(hierarchicalChunker().id)
    expect(hierarchicalChunker({ sizes: [1500, 300], overlapTokens: 60 }).id).toBe(hierarchicalChunker().id)
    expect(hierarchical1500({ base: 'structural' }).id).not.toBe(hierarchicalChunker().id)
    expect(() => hierarchical1500({ sizes: [3, 2] } as object)).toThrow('an option of hierarchical1500')
  })

  it.each([
    [{ sizes: [300] }, 'at least two sizes'],
    [{ sizes: [] }, 'at least two sizes'],
    [{ sizes: [300, 300] }, '`sizes[1]` must be below `sizes[0]` (300)'],
    [{ sizes: [300, 400] }, '`sizes[1]` must be below'],
    [{ sizes: [300, 0] }, 'sizes[1]'],
    [{ sizes: [Number.NaN, 3] }, 'sizes[0]'],
    [{ sizes: [300, 60], overlapTokens: 60 }, 'below the last of `sizes` (60)'],
    [{ overlapTokens: -1 }, 'overlapTokens'],
    [{ overlapTokens: 1.5 }, 'overlapTokens'],
    [{ base: 'sentence' }, 'base'],
    [{ size: 3 }, 'an option of hierarchicalChunker'],
  ])('refuses %j', (options, message) => {
    expect(() => hierarchicalChunker(options as HierarchicalChunkerOptions)).toThrow(message)
  })
})
