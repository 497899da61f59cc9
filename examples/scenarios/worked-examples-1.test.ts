import { fixedChunker, hierarchicalChunker, wholeChunker } from '@tesserae/chunkers'
import {
  answerSupport,
  assembleContext,
  type Chunker,
  deduplicatedStore,
  ingest,
  pieceTokenizer,
  tokenRuler,
} from '@tesserae/core'
import {
  chunkSizes,
  contextPrecisionAt,
  evaluate,
  hitRateAt,
  type Metric,
  ndcgAt,
  precisionAt,
  recallAt,
  reciprocalRankAt,
} from '@tesserae/evaluation'
import { texts } from '@tesserae/loaders'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

// Whoever chooses a library asks first whether its figures are the ones that a pencil gives.

/** Runs a list of rankings, each with its relevant documents and their grades, through `evaluate`. */
async function meanOf(metric: Metric, cases: readonly (readonly [ranked: string, relevant: string])[]) {
  const dataset = {
    name: 'worked',
    documents: [],
    queries: cases.map((_, index) => ({ id: `${index}`, text: `${index}` })),
    relevance: new Map(
      cases.map(([, relevant], index) => [
        `${index}`,
        new Map(relevant.split(' ').map((grade) => [grade[0]!, Number(grade.slice(1) || 1)] as const)),
      ]),
    ),
  }
  const search = (query: string) => cases[Number(query)]![0].split(' ')
  return (await evaluate({ dataset, search, metrics: { metric } })).means.metric
}
const times = <T>(count: number, value: T) => Array.from({ length: count }, () => value)
const graded = [['a b c d', 'a3 b1 c2 d0']] as const

describe('metrics of retrieval', () => {
  it.each([
    [
      'hit rate of 85 questions of 100',
      hitRateAt(5),
      [...times(85, ['x a', 'a'] as const), ...times(15, ['x y', 'a'] as const)],
      0.85,
    ],
    [
      'reciprocal rank of first hits at 1, 3 and 2',
      reciprocalRankAt(5),
      [
        ['a x y', 'a'],
        ['x y a', 'a'],
        ['x a y', 'a'],
      ],
      0.6111111111,
    ],
    ['recall of 7 documents of 10', recallAt(10), [['a b c d e f g x y z', 'a b c d e f g h i j']], 0.7],
    ['nDCG of grades 3, 1, 2, 0', ndcgAt(4), graded, 0.9725044904],
    ['the same with exponential gain', ndcgAt(4, 'exponential'), graded, 0.9721212198],
    ['nDCG at 1', ndcgAt(1), graded, 1],
    ['nDCG at 2', ndcgAt(2), graded, 0.8519590445],
    ['nDCG at 3', ndcgAt(3), graded, 0.9725044904],
    ['nDCG at 2, exponential', ndcgAt(2, 'exponential'), graded, 0.8581030687],
    ['nDCG at 3, exponential', ndcgAt(3, 'exponential'), graded, 0.9721212198],
    ['precision of one relevant in three', precisionAt(3), [['a x y', 'a']], 0.3333333333],
    ['context precision, relevant first', contextPrecisionAt(3), [['a x y', 'a']], 1],
    ['context precision, relevant second', contextPrecisionAt(3), [['x a y', 'a']], 0.5],
    ['context precision, relevant third', contextPrecisionAt(3), [['x y a', 'a']], 0.3333333333],
  ] as const)('%s', async (_name, metric, cases, expected) => {
    expect(await meanOf(metric, cases)).toBeCloseTo(expected, 9)
  })
})

describe('metrics of answers', () => {
  const cited = async () => {
    const store = memoryStore()
    const text = 'The tower was finished in 1889. It is made of wrought iron.'
    await ingest(texts([{ id: 'tower', text }]).load(), { chunker: wholeChunker(), store })
    const hits = await lexicalRetriever({ store }).retrieve('when was the tower finished?')
    return (await assembleContext(hits, { maxTokens: 100 })).citations
  }
  const shareOf = async (answer: string) => {
    const { sentences, unsupported } = await answerSupport(answer, await cited())
    return [sentences.length - unsupported.length, sentences.length]
  }

  it('finds one of two statements of an answer in what was retrieved: faithfulness 1/2', async () => {
    expect(await shareOf('The tower was finished in 1889. It was painted green by a duke.')).toEqual([1, 2])
  })

  it('finds one of two statements of the right answer in what was retrieved: context recall 1/2', async () => {
    expect(
      await shareOf('The tower is made of wrought iron. Its architect lived on the third floor.'),
    ).toEqual([1, 2])
  })
})

describe('sizes of chunks', () => {
  // Words of up to six letters are one token each.
  const text = 'stone '.repeat(10_000).trim()
  const document = { id: 'long', text, marks: [], metadata: {} }
  const ruler = tokenRuler(pieceTokenizer(), text)

  it.each([
    ['400 tokens, 20 %', { maxTokens: 400, overlapPercent: 20 }, 320, 31],
    ['1,000 tokens, 20 %', { maxTokens: 1000, overlapPercent: 20 }, 800, 13],
    ['300 tokens, 60 shared', { maxTokens: 300, overlapTokens: 60 }, 240, 42],
  ] as const)(
    '%s: how far each chunk is from the one before, and how many there are of 10,000 tokens',
    async (_name, options, stride, count) => {
      expect(ruler.ends.length).toBe(10_000)
      const chunker: Chunker = fixedChunker({ ...options, snap: 'none' })
      const spans = await chunker.split(document)
      expect(spans.length).toBe(count)
      const starts = spans.map(({ end, tokens }) => ruler.count(0, end) - tokens!)
      expect(starts).toEqual(spans.map((_, index) => index * stride))
      const { total, max } = chunkSizes(spans.map(({ tokens }) => tokens!))
      expect([total, max]).toEqual([10_000 + (count - 1) * (options.maxTokens - stride), options.maxTokens])
      // 20 % of overlap stores every token 1.25 times, but for both ends of the document.
      expect(total / 10_000).toBeCloseTo(1.25, 1)
    },
  )

  it('has six children of 300 tokens, 60 shared, in each full parent of 1,500', async () => {
    const [parents, leaves] = await hierarchicalChunker().levels(document)
    const children = parents!.map(
      (parent) =>
        leaves!.filter(({ window }) => window!.start === parent.start && window!.end === parent.end).length,
    )
    expect(parents!.slice(0, -1).map(({ tokens }) => tokens)).toEqual(times(6, 1500))
    expect(children.slice(0, -1)).toEqual(times(6, 6))
  })
})

describe('duplicates', () => {
  it('keeps 1,069 texts of 1,200 where 131 say what another says: 10.9167 % removed', async () => {
    const known = Array.from({ length: 1069 }, (_, i) => `Ticket ${i}: ${sentenceOf(i)}`)
    const again = known
      .slice(0, 131)
      .map((one, i) => (i % 2 === 0 ? one.toUpperCase() : `  ${one.replaceAll(' ', '  ')} `))
    const kept = memoryStore()
    const store = await deduplicatedStore({ kept, within: [] })
    const source = texts([...known, ...again].map((one, i) => ({ id: `${i}`, text: one })))
    await ingest(source.load(), { chunker: wholeChunker(), store })
    expect(kept.size).toBe(1069)
    const dropped = []
    for await (const one of store.dropped()) dropped.push(one)
    expect(dropped.length).toBe(131)
    expect(dropped.every(({ kind }) => kind === 'exact')).toBe(true)
    expect((dropped.length / 1200) * 100).toBeCloseTo(10.9167, 4)
  })
})

const words =
  'printer badge invoice laptop screen door heating car parcel phone canteen lift key chair window'.split(' ')
const states =
  'is broken,was lost,arrived late,makes noise,needs repair,was stolen,is too cold,does not open'.split(',')
function sentenceOf(i: number): string {
  return `the ${words[i % 15]} ${states[i % 8]} in room ${(i * 7919) % 9973} since ${(i * 104_729) % 9967}`
}
