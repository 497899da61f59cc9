import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Hit } from '@tesserae/core'
import { compare, evaluate, ndcgAt } from '@tesserae/evaluation'
import { loadBeir } from '@tesserae/evaluation/beir'
import { lateInteractionModel } from '@tesserae/models'
import { staticEmbedder } from '@tesserae/models/static'
import { transformersCrossEncoder } from '@tesserae/models/transformers'
import { crossEncoderReranker, trainLambdaMart, trainLinearRanker } from '@tesserae/rerank'
import { describe, expect, it } from 'vitest'
import { sharedFolder } from '../harness/context.js'
import { bm25Candidates, type Candidates, remembering } from './candidates.js'
import { crossValidated } from './learn.js'

const shared = sharedFolder()
const folder = join(shared ?? '', 'data', 'retrieval', 'cranfield')
const crossEncoder = join(shared ?? '', 'models', 'cross-encoder-small')
const metrics = { ndcg: ndcgAt(10) }

const measure = (
  { dataset, hits }: Candidates,
  rerank: (query: string, hits: readonly Hit[]) => Promise<readonly Hit[]>,
) =>
  evaluate({
    dataset,
    metrics,
    search: async (query) =>
      (await rerank(query, hits.get(query) ?? [])).map(({ chunk }) => chunk.documentId),
  })

describe.skipIf(!existsSync(folder))('rerankers on Cranfield (needs the shared data sets)', () => {
  it('learn from judged queries to rank others better than BM25', async () => {
    const candidates = await bm25Candidates(await loadBeir(folder), 20, 1)
    const before = await measure(candidates, async (_query, hits) => hits)
    expect(before.means.ndcg).toBeGreaterThan(0.5)
    const late = remembering(lateInteractionModel({ tokens: await staticEmbedder() }))
    const linear = await crossValidated(candidates, late, (set) => trainLinearRanker(set))
    const gain = compare(before, await measure(candidates, linear), 'ndcg')
    expect(gain.mean).toBeGreaterThan(0.008)
    expect(gain.significant).toBe(true)
    const trees = await crossValidated(candidates, late, (set, validation) =>
      trainLambdaMart(set, { validation, startFrom: trainLinearRanker(set) }),
    )
    expect(compare(before, await measure(candidates, trees), 'ndcg').mean).toBeGreaterThan(0.008)
  })

  it.skipIf(!existsSync(crossEncoder))(
    'do no harm by default with a model that does when it decides alone',
    async () => {
      const candidates = await bm25Candidates(await loadBeir(folder), 50, 20)
      const path = crossEncoder
      const own = await transformersCrossEncoder({ path, dataType: 'q8', oversize: 'truncate' })
      const model = remembering(own)
      const run = (weight?: number) =>
        measure(candidates, (query, hits) => crossEncoderReranker({ model, weight }).rerank(query, hits))
      const before = await measure(candidates, async (_query, hits) => hits)
      const alone = await run(1)
      const byDefault = await run()
      expect(alone.means.ndcg).toBeLessThan(before.means.ndcg - 0.03)
      expect(byDefault.means.ndcg).toBeGreaterThan(before.means.ndcg - 0.01)
      await own.dispose()
    },
  )
})
