// A search team asks of a new configuration: is it better than the one that runs, for which questions, and may it go live?

import { wholeChunker } from '@tesserae/chunkers'
import { ingest, type Retriever } from '@tesserae/core'
import { compare, type Evaluation, evaluate, ndcgAt, type RetrievalDataset } from '@tesserae/evaluation'
import { texts } from '@tesserae/loaders'
import { staticEmbedder } from '@tesserae/models/static'
import {
  denseRetriever,
  groupByDocument,
  hybridRetriever,
  lexicalRetriever,
  memoryStore,
} from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

const products = {
  'EX-100': 'EX-100 cordless drill, 18 volt, with two batteries. Holes in wood, metal and stone.',
  'EX-200': 'EX-200 impact drill with a cable, for concrete walls.',
  'LG-7': 'LG-7 ladder of aluminium, seven steps, folds flat.',
  'PT-3': 'PT-3 paint for walls inside, white, covers in one coat.',
  'SC-9': 'SC-9 screws, galvanised, 200 pieces in a box.',
  'GL-1': 'GL-1 glue for timber, dries clear within an hour.',
  'HM-5': 'HM-5 hammer with a handle of ash.',
  'SW-2': 'SW-2 saw for branches, with a blade that folds.',
}
type Segment = 'specific' | 'ambiguous'
const judged: readonly (readonly [Segment, string, Readonly<Record<string, number>>])[] = [
  ['specific', 'EX-100', { 'EX-100': 3, 'EX-200': 1 }],
  ['specific', 'SW-2 saw', { 'SW-2': 3 }],
  ['specific', 'galvanised screws', { 'SC-9': 3 }],
  ['specific', 'LG-7', { 'LG-7': 3 }],
  ['specific', 'white wall paint', { 'PT-3': 3 }],
  ['ambiguous', 'something to climb up to the ceiling', { 'LG-7': 3 }],
  ['ambiguous', 'trim trees in the garden', { 'SW-2': 3 }],
  ['ambiguous', 'adhesive for wooden chair', { 'GL-1': 3 }],
  ['ambiguous', 'power tool', { 'EX-100': 3, 'EX-200': 3, 'HM-5': 1 }],
  ['ambiguous', 'colour my living room', { 'PT-3': 3 }],
]
const dataset: RetrievalDataset = {
  name: 'tools',
  documents: Object.entries(products).map(([id, text]) => ({ id, title: id, text })),
  queries: judged.map(([, text], index) => ({ id: `q${index}`, text })),
  relevance: new Map(judged.map(([, , grades], index) => [`q${index}`, new Map(Object.entries(grades))])),
}
const metrics = { ndcg: ndcgAt(10) }

describe('a new configuration of search, held against the one that runs', () => {
  const prepare = async () => {
    const embedder = await staticEmbedder()
    const store = memoryStore({ dimensions: embedder.dimensions })
    await ingest(texts(dataset.documents).load(), { chunker: wholeChunker(), embedder, store })
    const lexical = lexicalRetriever({ store })
    const dense = denseRetriever({ store, embedder })
    const run = (retriever: Retriever) =>
      evaluate({
        dataset,
        metrics,
        search: async (query, call) =>
          (await groupByDocument(retriever).retrieve(query, { ...call, limit: 10 })).map(
            ({ chunk }) => chunk.documentId,
          ),
      })
    return {
      live: await run(lexical),
      hybrid: await run(hybridRetriever([lexical, dense])),
      dense: await run(dense),
    }
  }
  const prepared = prepare()

  /** The same evaluation over the questions of one segment. */
  function within(segment: Segment, { queryIds, values }: Evaluation<'ndcg'>): Evaluation<'ndcg'> {
    const kept = queryIds.flatMap((id, index) => (judged[Number(id.slice(1))]![0] === segment ? [index] : []))
    const ndcg = kept.map((index) => values.ndcg[index]!)
    const mean = ndcg.reduce((sum, value) => sum + value, 0) / ndcg.length
    return { queryIds: kept.map((index) => queryIds[index]!), values: { ndcg }, means: { ndcg: mean } }
  }
  /** May it go live? Better on the whole beyond the noise, and in no segment worse by more than a hundredth. */
  function gate(live: Evaluation<'ndcg'>, candidate: Evaluation<'ndcg'>) {
    const worse = (['specific', 'ambiguous'] as const).filter(
      (segment) => compare(within(segment, live), within(segment, candidate), 'ndcg').mean < -0.01,
    )
    const { significant, mean } = compare(live, candidate, 'ndcg')
    return { pass: significant && mean > 0 && worse.length === 0, worse }
  }

  const rounded = (segment: Segment, evaluation: Evaluation<'ndcg'>) =>
    Number(within(segment, evaluation).means.ndcg.toFixed(4))

  it('loses nothing on specific questions, and finds what the ambiguous ones mean', async () => {
    const { live, hybrid } = await prepared
    expect([rounded('specific', live), rounded('ambiguous', live)]).toEqual([1, 0])
    expect([rounded('specific', hybrid), rounded('ambiguous', hybrid)]).toEqual([1, 0.9903])
    const { mean, low, significant } = compare(live, hybrid, 'ndcg')
    expect(mean).toBeCloseTo(hybrid.means.ndcg - live.means.ndcg, 12)
    expect(low).toBeGreaterThan(0)
    expect(significant).toBe(true)
    expect(gate(live, hybrid)).toEqual({ pass: true, worse: [] })
  })

  it('stops a configuration that is better on the whole, and worse for those who know what they want', async () => {
    const { live, dense } = await prepared
    expect(compare(live, dense, 'ndcg').significant).toBe(true)
    expect(gate(live, dense)).toEqual({ pass: false, worse: ['specific'] })
    // The drill that was named comes second: 1/log2(3) of its gain is left, and the other one's comes first.
    const [named] = within('specific', dense).values.ndcg
    expect(named).toBeCloseTo((1 + 3 / Math.log2(3)) / (3 + 1 / Math.log2(3)), 12)
  })

  it('calls a change that changes nothing no improvement', async () => {
    const { live } = await prepared
    expect(compare(live, live, 'ndcg')).toMatchObject({ mean: 0, pValue: 1, significant: false })
    expect(gate(live, live).pass).toBe(false)
  })
})
