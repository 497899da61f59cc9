import { and, type Entry, eq, type Filter, gte, has, lt } from '@tesserae/core'
import { randomUnitVector, seededRandom } from '@tesserae/core/testing'
import { bench, describe } from 'vitest'
import { convexFusion } from '../fusion/convex.js'
import { fuse, type RankedItem } from '../fusion/fusion.js'
import { reciprocalRankFusion } from '../fusion/reciprocal-rank.js'
import { memoryStore } from './store.js'

const count = 50_000
const dimensions = 64
const random = seededRandom(1)
const entries = Array.from({ length: count }, (_, i): Entry => {
  const text = `chunk number ${i} of tenant ${i % 100}`
  const metadata = { tenant: `t${i % 100}`, time: i * 1000, tags: [`a${i % 7}`, `b${i % 5}`] }
  return {
    chunk: {
      id: `c${i}`,
      documentId: `d${i >> 5}`,
      index: i & 31,
      start: 0,
      end: text.length,
      text,
      headings: [],
      metadata,
    },
    vector: randomUnitVector(random, dimensions),
    revision: '1',
  }
})
const store = memoryStore({ dimensions })
const ready = store.upsert(entries)
const query = randomUnitVector(random, dimensions)

describe(`memoryStore, ${count} chunks: the best 10 by vector`, () => {
  const filters: Record<string, Filter | undefined> = {
    'no filter': undefined,
    'one value of a hundred': eq('tenant', 't7'),
    'a range over as many values as chunks': and(gte('time', 1e6), lt('time', 5e6)),
    'an element of a list': has('tags', 'a3'),
  }
  for (const [name, filter] of Object.entries(filters)) {
    bench(name, async () => {
      await ready
      await store.searchByVector(query, { limit: 10, filter })
    })
  }
})

describe('fuse: two lists', () => {
  for (const length of [100, 10_000]) {
    const list = (step: number): RankedItem[] =>
      Array.from({ length }, (_, i) => ({ id: `c${(i * step) % 1_000_003}`, score: length - i }))
    const lists = [list(7919), list(104_729)]
    bench(`min-max, ${length} hits each`, () => {
      fuse(lists, convexFusion({ weights: [3, 7] }), { limit: 10 })
    })
    bench(`reciprocal ranks, ${length} hits each`, () => {
      fuse(lists, reciprocalRankFusion(), { limit: 10 })
    })
  }
})
