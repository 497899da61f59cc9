// Figures that texts on retrieval give as examples, recomputed: tokens, stems, bytes, units and shares that the library counts.

import { fixedChunker } from '@tesserae/chunkers'
import { type TiktokenTokenizer, tiktokenTokenizer } from '@tesserae/chunkers/tiktoken'
import { extractExcerpts, type Hit } from '@tesserae/core'
import { analyze, englishAnalyzer, estimateHnswMemory, flatIndex } from '@tesserae/retrievers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe('tokens of cl100k_base', () => {
  let tokenizer: TiktokenTokenizer
  beforeAll(async () => {
    tokenizer = await tiktokenTokenizer('cl100k_base')
  })
  afterAll(() => tokenizer.free())
  const piecesOf = (text: string) => {
    const ends = [...tokenizer.ends(text)]
    return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end))
  }

  it.each([
    ['The quick brown fox jumps', ['The', ' quick', ' brown', ' fox', ' jumps']],
    ['Hello, world!', ['Hello', ',', ' world', '!']],
    ['Hello world', ['Hello', ' world']],
    // Three and four, where the examples say four and one.
    ['AI-powered applications', ['AI', '-powered', ' applications']],
    ['Summarize:', ['Sum', 'mar', 'ize', ':']],
    ['Bedrock', ['Bed', 'rock']],
  ])('of %j', (text, pieces) => {
    expect(piecesOf(text)).toEqual(pieces)
    expect(tokenizer.count(text)).toBe(pieces.length)
  })
})

describe('stems of "debugging memory leaks in C++"', () => {
  it('are those of Porter, and the name of the language stays beside its letter', () => {
    const terms = analyze(englishAnalyzer({ stopWords: [] }), 'debugging memory leaks in C++')
    expect(terms.map(({ text }) => text)).toEqual(['debug', 'memori', 'leak', 'in', 'c++', 'c'])
  })
})

describe('a vector of 1,024 numbers', () => {
  it('takes 4,096 bytes', () => {
    const index = flatIndex({ dimensions: 1024 })
    const bytesOf = (count: number) => {
      index.set(count - 1, new Float32Array(1024).fill(count))
      return index.save().byteLength
    }
    const [one, two, three] = [bytesOf(1), bytesOf(2), bytesOf(3)]
    expect([two - one, three - two]).toEqual([4096, 4096])
  })

  it('takes 128 bytes as bits and 1,024 as whole numbers, and 16 more for what they stand for', () => {
    const count = 256_000
    const bytesOf = (quantization: 'none' | 'int8' | 'binary') =>
      estimateHnswMemory({ count, dimensions: 1024, quantization }) / count
    expect(bytesOf('binary') - bytesOf('none')).toBeCloseTo(128 + 16, 6)
    expect(bytesOf('int8') - bytesOf('none')).toBeCloseTo(1024 + 16, 6)
  })
})

describe('units', () => {
  it('of a thousand characters: 5,600 are six', async () => {
    const document = {
      id: 'text',
      text: 'Ask, and it is checked. '.repeat(240).slice(0, 5600),
      marks: [],
      metadata: {},
    }
    const spans = await fixedChunker({ maxChars: 1000, snap: 'none', trim: false }).split(document)
    expect(spans.map(({ start, end }) => end - start)).toEqual([1000, 1000, 1000, 1000, 1000, 600])
  })
})

describe('the description of a tool in fewer tokens', () => {
  const sentences = [
    'clouds',
    'place',
    'units',
    'hours',
    'wind',
    'rain',
    'snow',
    'sun',
    'error',
    'limit',
  ].map((word) => `Here is some ${word}.`)
  const text = sentences.join(' ')
  const chunk = {
    id: 'tool',
    documentId: 'tool',
    index: 0,
    start: 0,
    end: text.length,
    text,
    headings: [],
    metadata: {},
  }
  const hit: Hit = { chunk, score: 1, trace: [] }

  it.each([
    [10, 0.2, 'rain snow'],
    [5, 0.1, 'rain'],
  ])('of 50 keeps %i, a share of %f', async (after, share, query) => {
    const { tokensBefore, tokensAfter, ratio, excerpts } = await extractExcerpts(query, [hit], {
      keep: share,
      minShare: 0,
    })
    expect([tokensBefore, tokensAfter, ratio]).toEqual([50, after, share])
    const excerpt = excerpts.get('tool')!
    const kept = excerpt.verbatim ? excerpt.spans.map(({ start, end }) => text.slice(start, end)) : []
    expect(kept.join(' ')).toBe(query.replace(/\w+/g, 'Here is some $&.'))
  })
})
