import type { Hit } from '@tesserae/core'
import { fakeLanguageModel, type Law, retrieverLaws } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { lexicalRetriever } from '../../lexical.js'
import { lexicalOver, storeOf } from '../testing/library.js'
import { aggregateRetriever } from './aggregate.js'
import { correctiveRetriever } from './corrective.js'
import type { Grader } from './graders.js'
import { iterativeRetriever } from './iterative.js'
import { routerRetriever } from './router.js'

const holds = (name: string, laws: readonly Law[]) =>
  describe(name, () => {
    for (const law of laws) it(law.name, () => law.run())
  })
const all: Grader = async (_, hits: readonly Hit[]) => hits.map(() => 1)
holds(
  'correctiveRetriever that finds all relevant',
  retrieverLaws(async (chunks) => correctiveRetriever(await lexicalOver(chunks), { grade: all })),
)
holds(
  'correctiveRetriever that searches anew',
  retrieverLaws(async (chunks) =>
    correctiveRetriever(await lexicalOver(chunks), {
      grade: async (_, hits: readonly Hit[]) => hits.map(() => 0.5),
      fallback: await lexicalOver(chunks),
    }),
  ),
)
holds(
  'iterativeRetriever',
  retrieverLaws(async (chunks) =>
    iterativeRetriever(await lexicalOver(chunks), {
      model: fakeLanguageModel(() => JSON.stringify({ queries: ['one word', 'another'] })),
    }),
  ),
)
holds(
  'routerRetriever',
  retrieverLaws(async (chunks) =>
    routerRetriever([{ name: 'all', description: 'all', retriever: await lexicalOver(chunks) }], {
      otherwise: 'all',
    }),
  ),
)
holds(
  'aggregateRetriever that scans for everything',
  retrieverLaws(async (chunks) => {
    const store = await storeOf(chunks)
    return aggregateRetriever(lexicalRetriever({ store }), {
      store,
      isAggregate: () => true,
      filterOf: () => ({ op: 'and', filters: [] }),
    })
  }),
)
