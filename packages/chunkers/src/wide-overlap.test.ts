import type { Chunker, RagEvent } from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import { fixedChunker, hierarchicalChunker, recursiveChunker, sentenceChunker } from './index.js'

const document = { id: 'lease', text: 'One two. Three four. Five six. Seven.', marks: [], metadata: {} }

async function eventsOf(chunker: Chunker): Promise<readonly RagEvent[]> {
  const events: RagEvent[] = []
  await chunker.split(document, { observer: (event) => events.push(event) })
  return events
}

/** Each way to say an overlap; both numbers are in the unit of the chunker's size. */
const makers: readonly (readonly [string, (overlap: number, size: number) => Chunker])[] = [
  ['fixedChunker', (overlapTokens, maxTokens) => fixedChunker({ maxTokens, overlapTokens })],
  [
    'fixedChunker in percent of words',
    (overlap, maxWords) => fixedChunker({ maxWords, overlapPercent: (overlap / maxWords) * 100 }),
  ],
  ['recursiveChunker', (overlapTokens, maxTokens) => recursiveChunker({ maxTokens, overlapTokens })],
  ['sentenceChunker', (overlapTokens, maxTokens) => sentenceChunker({ maxTokens, overlapTokens })],
  [
    'sentenceChunker in sentences',
    (overlapSentences, maxSentences) => sentenceChunker({ maxSentences, overlapSentences }),
  ],
  [
    'hierarchicalChunker',
    (overlapTokens, leafTokens) => hierarchicalChunker({ sizes: [40, leafTokens], overlapTokens }),
  ],
]

describe.each(makers)('an overlap over half of the size: %s', (_, make) => {
  it('is told before the document, with the numbers', async () => {
    const chunker = make(5, 8)
    const events = await eventsOf(chunker)
    expect(events.map(({ type }) => type)).toEqual(['chunk.wide-overlap', 'chunk.document'])
    expect(events[0]).toEqual({
      type: 'chunk.wide-overlap',
      source: chunker.id,
      counts: { overlap: 5, size: 8 },
      labels: { documentId: 'lease' },
    })
  })

  it('is not told of one that is half of it', async () => {
    expect((await eventsOf(make(4, 8))).map(({ type }) => type)).toEqual(['chunk.document'])
  })
})

it('a sentence chunker without a number of sentences has no size to compare with', async () => {
  const events = await eventsOf(sentenceChunker({ overlapSentences: 3 }))
  expect(events.map(({ type }) => type)).toEqual(['chunk.document'])
})
