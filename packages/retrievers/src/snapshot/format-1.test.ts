import { Bitset } from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import type { Analyzer } from '../analysis/index.js'
import { bm25Index } from '../bm25/index.js'
import { flatIndex } from '../flat/index.js'
import { hnswIndex } from '../hnsw/index.js'
import { memoryStore } from '../memory-store/store.js'
import { saved } from './testing/format-1.js'

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))

/** An analyzer that will not change. */
const analyzer: Analyzer = {
  id: 'letters',
  tokenize(text, tokens) {
    tokens.clear()
    for (const { index, 0: word } of text.matchAll(/[a-z]+/g)) tokens.push(index, index + word.length)
  },
  terms: (token) => [{ text: token, position: 0 }],
}

/** Ordinal n points n × 10° from the first axis; 0 to 9, without 4 and 7. */
const query = Float32Array.of(Math.cos(0.5), Math.sin(0.5), 0)
const nearest = [3, 2, 1, 5]

describe('snapshots that format 1 first wrote are read', () => {
  it('of a graph, deleted nodes and codes included', () => {
    const index = hnswIndex({
      dimensions: 3,
      connectivity: 2,
      efConstruction: 4,
      seed: 7,
      quantization: 'int8',
    })
    index.load(bytesOf(saved.hnsw))
    expect(index.size).toBe(8)
    expect([...index.search(query, { limit: 4 }).ordinals]).toEqual(nearest)
    index.set(7, query)
    index.compact()
    expect([...index.search(query, { limit: 2 }).ordinals]).toEqual([7, 3])
  })

  it('of rows', () => {
    const index = flatIndex({ dimensions: 3 })
    index.load(bytesOf(saved.flat))
    expect([...index.search(query, { limit: 4 }).ordinals]).toEqual(nearest)
    const filter = new Bitset()
    for (const ordinal of [4, 5, 6]) filter.add(ordinal)
    expect([...index.search(query, { limit: 4, filter }).ordinals]).toEqual([5, 6])
  })

  it('of documents with fields', () => {
    const index = bm25Index({ analyzer, fields: { title: { weight: 2 }, body: {} } })
    index.load(bytesOf(saved.bm25))
    expect(index.size).toBe(2)
    expect([...index.terms()]).toEqual(['deposit', 'months', 'many'])
    expect([...index.search('deposit', { limit: 3 }).ordinals]).toEqual([0, 2])
    expect(index.explain('many', 2).value).toBeGreaterThan(0)
    const phrase = { clauses: [{ type: 'phrase' as const, text: 'deposit months' }] }
    expect([...index.search(phrase, { limit: 3 }).ordinals]).toEqual([2])
  })

  it('of a store', async () => {
    const store = memoryStore({ dimensions: 3, lexicalIndex: () => bm25Index({ analyzer }) })
    store.load(bytesOf(saved.store))
    const [first] = await store.get(['b'])
    expect(first).toMatchObject({ text: 'two months \ud800', metadata: { score: Number.NaN, tags: ['x'] } })
    expect(Object.is(first?.metadata.zero, -0)).toBe(true)
    const hits = await store.searchByText('months', { limit: 2 })
    expect(hits.map(({ chunk }) => chunk.id)).toEqual(['b'])
    const near = await store.searchByVector(query, { limit: 2 })
    expect(near.map(({ chunk }) => chunk.id)).toEqual(['a'])
  })
})
