import { describe, expect, it } from 'vitest'
import type { SentenceChunkerOptions } from './sentence.js'
import { sentenceChunker } from './sentence.js'

const text = 'Aa one. Bb two. Cc three. Dd four. Ee five.'
const document = { id: 'd', text, marks: [], metadata: {} }

async function chunksOf(options: SentenceChunkerOptions, of = text): Promise<string[]> {
  const spans = await sentenceChunker(options).split({ ...document, text: of })
  return spans.map((span) => of.slice(span.start, span.end))
}

describe('sentenceChunker', () => {
  it('packs as many whole sentences as fit', async () => {
    // Three tokens each: two words and a full stop.
    expect(await chunksOf({ maxTokens: 8 })).toEqual(['Aa one. Bb two.', 'Cc three. Dd four.', 'Ee five.'])
    expect(await chunksOf({ maxTokens: 9 })).toEqual(['Aa one. Bb two. Cc three.', 'Dd four. Ee five.'])
  })

  it('takes no more sentences than it may', async () => {
    expect(await chunksOf({ maxSentences: 1 })).toHaveLength(5)
    expect(await chunksOf({ maxSentences: 2 })).toEqual(['Aa one. Bb two.', 'Cc three. Dd four.', 'Ee five.'])
  })

  it('repeats whole sentences', async () => {
    expect(await chunksOf({ maxSentences: 3, overlapSentences: 1 })).toEqual([
      'Aa one. Bb two. Cc three.',
      'Cc three. Dd four. Ee five.',
    ])
    expect(await chunksOf({ maxSentences: 2, overlapSentences: 1 })).toEqual([
      'Aa one. Bb two.',
      'Bb two. Cc three.',
      'Cc three. Dd four.',
      'Dd four. Ee five.',
    ])
    expect(await chunksOf({ maxTokens: 9, overlapTokens: 3 })).toEqual([
      'Aa one. Bb two. Cc three.',
      'Cc three. Dd four. Ee five.',
    ])
  })

  it('gives up the overlap where it leaves no room for the next sentence', async () => {
    const long = 'Aa one. Bb two. Cc c c c c c c.'
    expect(await chunksOf({ maxTokens: 9, overlapSentences: 1 }, long)).toEqual([
      'Aa one. Bb two.',
      'Cc c c c c c c.',
    ])
  })

  it('shows the sentences around a chunk', async () => {
    const spans = await sentenceChunker({ maxSentences: 1, windowSentences: 1 }).split(document)
    expect(spans.map(({ window }) => text.slice(window!.start, window!.end))).toEqual([
      'Aa one. Bb two.',
      'Aa one. Bb two. Cc three.',
      'Bb two. Cc three. Dd four.',
      'Cc three. Dd four. Ee five.',
      'Dd four. Ee five.',
    ])
    const wide = await sentenceChunker({ maxSentences: 2, windowSentences: 9 }).split(document)
    for (const { window } of wide) expect(window).toEqual({ start: 0, end: text.length })
    expect((await sentenceChunker().split(document))[0]).not.toHaveProperty('window')
  })

  it('shows the whole sentence around each part of a divided one', async () => {
    const long = `Short. ${'word '.repeat(12).trim()}. Last.`
    const spans = await sentenceChunker({ maxTokens: 5, windowSentences: 0, maxSentences: 1 }).split({
      ...document,
      text: long,
    })
    expect(spans.length).toBeGreaterThan(3)
    const windows = await sentenceChunker({ maxTokens: 5, windowSentences: 1 }).split({
      ...document,
      text: long,
    })
    for (const { window } of windows.slice(1, -1)) expect(window).toEqual({ start: 0, end: long.length })
  })
})
