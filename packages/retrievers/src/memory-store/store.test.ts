import {
  and,
  bindFilter,
  type Chunk,
  type Entry,
  eq,
  isRagError,
  type Metadata,
  not,
  placeholder,
  type RagEvent,
  type SearchRequest,
} from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import { flatIndex } from '../flat/flat-index.js'
import type { ExactScan } from './memory-store.js'
import { memoryStore } from './store.js'

const chunk = (id: string, text: string, metadata: Metadata = {}, documentId = 'doc'): Chunk => ({
  id,
  documentId,
  index: 0,
  start: 0,
  end: text.length,
  text,
  headings: [],
  metadata,
})
const entry = (
  id: string,
  text: string,
  vector?: number[],
  metadata: Metadata = {},
  documentId = 'doc',
): Entry => ({
  chunk: chunk(id, text, metadata, documentId),
  vector: vector && Float32Array.from(vector),
  revision: `r-${id}`,
})
const ids = (ranked: readonly { chunk: Chunk }[]) => ranked.map((hit) => hit.chunk.id)
const refsOf = async (refs: AsyncIterable<{ id: string }>) => {
  const found: string[] = []
  for await (const ref of refs) found.push(ref.id)
  return found
}
const codeOf = async (promise: Promise<unknown>) => {
  try {
    await promise
  } catch (error) {
    return isRagError(error) ? error.code : error
  }
  return 'nothing thrown'
}

describe('upsert', () => {
  it('writes nothing when one entry of the call is wrong', async () => {
    const store = memoryStore({ dimensions: 2 })
    await store.upsert([entry('a', 'old text', [1, 0])])
    const good = [entry('a', 'new text', [0, 1]), entry('b', 'other', [0, 1])]
    const wrong: [Entry, string][] = [
      [entry('c', 'x', [1, 2, 3]), 'invalid-vector'],
      [entry('c', 'x', [Number.NaN, 0]), 'invalid-vector'],
      [entry('b', 'twice', [1, 0]), 'duplicate-id'],
      [entry('', 'no id', [1, 0]), 'invalid-argument'],
      // @ts-expect-error nested metadata
      [entry('c', 'x', [1, 0], { nested: { group: 'secret' } }), 'invalid-argument'],
    ]
    for (const [last, code] of wrong) expect(await codeOf(store.upsert([...good, last]))).toBe(code)
    expect(store.size).toBe(1)
    expect((await store.get(['a', 'b'])).map((found) => found?.text)).toEqual(['old text', undefined])
    expect(ids(await store.searchByText('new', { limit: 5 }))).toEqual([])
    expect(ids(await store.searchByVector(Float32Array.of(0, 1), { limit: 5 }))).toEqual(['a'])
  })

  it('replaces a chunk everywhere: text, vector, metadata, document, revision', async () => {
    const store = memoryStore({ dimensions: 2 })
    await store.upsert([entry('a', 'apple', [1, 0], { year: 1 }, 'one')])
    await store.upsert([{ ...entry('a', 'pear', undefined, { month: 2 }, 'two'), revision: 'new' }])
    expect(store.size).toBe(1)
    expect(await store.searchByText('apple', { limit: 5 })).toEqual([])
    expect(ids(await store.searchByText('pear', { limit: 5 }))).toEqual(['a'])
    expect(await store.searchByVector(Float32Array.of(1, 0), { limit: 5 })).toEqual([])
    expect(await store.searchByText('pear', { limit: 5, filter: eq('year', 1) })).toEqual([])
    expect(ids(await store.searchByText('pear', { limit: 5, filter: eq('month', 2) }))).toEqual(['a'])
    expect(await refsOf(store.list({ documentId: 'one' }))).toEqual([])
    for await (const ref of store.list({ documentId: 'two' })) {
      expect(ref).toEqual({ id: 'a', documentId: 'two', revision: 'new' })
    }
  })

  it('refuses a vector when there is no vector index, and says what to do', async () => {
    const store = memoryStore()
    expect(await codeOf(store.upsert([entry('a', 'x', [1, 2])]))).toBe('incompatible')
    expect(await codeOf(store.searchByVector(Float32Array.of(1, 2), { limit: 1 }))).toBe('unsupported')
    expect(store.dimensions).toBe(0)
  })
})

describe('isolation', () => {
  it('keeps what it was given, whatever the caller does to it later', async () => {
    const store = memoryStore({ dimensions: 2 })
    const metadata = { tags: ['a'], group: 'public' }
    const vector = Float32Array.of(1, 0)
    const headings = ['One']
    const given = { ...chunk('a', 'text', metadata), headings }
    await store.upsert([{ chunk: given, vector, revision: 'r' }])
    metadata.tags.push('b')
    metadata.group = 'secret'
    headings.push('Two')
    vector.fill(9)
    const [stored] = await store.get(['a'])
    expect(stored).toEqual({ ...chunk('a', 'text', { tags: ['a'], group: 'public' }), headings: ['One'] })
    expect((await store.searchByVector(Float32Array.of(1, 0), { limit: 1 }))[0]!.score).toBe(1)
  })

  it('is not changed by reading: a search leaves vectors where they are, results cannot be written to', async () => {
    const store = memoryStore({ dimensions: 2 })
    await store.upsert([entry('a', 'text', [1, 0], { tags: ['x'] }), entry('b', 'text', [0, 1])])
    const first = await store.searchByVector(Float32Array.of(1, 0), { limit: 2 })
    expect(() => Object.assign(first[0]!.chunk, { text: 'changed' })).toThrow(TypeError)
    expect(() => Object.assign(first[0]!.chunk.metadata, { tags: [] })).toThrow(TypeError)
    expect(await store.searchByVector(Float32Array.of(1, 0), { limit: 2 })).toEqual(first)
    expect(ids(await store.searchByText('text', { limit: 2 }))).toEqual(['a', 'b'])
  })
})

describe('search', () => {
  it('breaks ties by chunk id, at the cut-off too, whatever the order of writing', async () => {
    const store = memoryStore({ dimensions: 2 })
    const names = ['m', 'c', 'z', 'a', 'k', 'b', 'y', 'x']
    for (const name of names) await store.upsert([entry(name, 'equal words', [1, 0])])
    await store.delete(['c'])
    await store.upsert([entry('aa', 'equal words', [1, 0])])
    const sorted = ['a', 'aa', 'b', 'k', 'm', 'x', 'y', 'z']
    const query = Float32Array.of(1, 0)
    for (let limit = 1; limit <= 9; limit++) {
      expect(ids(await store.searchByText('equal', { limit }))).toEqual(sorted.slice(0, limit))
      expect(ids(await store.searchByVector(query, { limit }))).toEqual(sorted.slice(0, limit))
    }
  })

  it('gives k when k match the filter, however rare', async () => {
    const store = memoryStore({ dimensions: 2 })
    const entries = Array.from({ length: 2000 }, (_, i) =>
      entry(`c${i}`, `common word${i}`, [Math.cos(i), Math.sin(i)], { rare: i % 25 === 0 }),
    )
    await store.upsert(entries)
    const filter = eq('rare', true)
    expect((await store.searchByVector(Float32Array.of(1, 0), { limit: 80, filter })).length).toBe(80)
    expect((await store.searchByVector(Float32Array.of(1, 0), { limit: 1000, filter })).length).toBe(80)
    expect((await store.searchByText('common', { limit: 80, filter })).length).toBe(80)
    expect(await store.searchByText('common', { limit: 10, filter: eq('rare', 'true') })).toEqual([])
  })

  it('changes what is found by a filter, never the score of a chunk', async () => {
    const store = memoryStore({ dimensions: 2 })
    await store.upsert([
      entry('paris', 'a museum and a river', [1, 0.2], { destination: 'Paris', trip: 2 }),
      entry('london', 'a museum, a museum and a river', [1, 0], { destination: 'London', trip: 2 }),
      entry('rome', 'a river', [0, 1], { destination: 'Rome', trip: 2 }),
    ])
    const vector = Float32Array.of(1, 0)
    const filter = and(eq('destination', 'Paris'), eq('trip', 2))
    for (const search of [
      (request: SearchRequest) => store.searchByText('museum', request),
      (request: SearchRequest) => store.searchByVector(vector, request),
    ]) {
      const all = await search({ limit: 3 })
      expect(ids(all)[0]).toBe('london')
      expect(await search({ limit: 3, filter })).toEqual(all.filter((hit) => hit.chunk.id === 'paris'))
    }
  })

  it('lets a clause whose placeholder was never filled in match nothing, negated or not', async () => {
    const store = memoryStore()
    await store.upsert([entry('a', 'word', undefined, { tenant: 't1' })])
    const clause = eq('tenant', placeholder('tenant'))
    expect(await store.searchByText('word', { limit: 1, filter: clause })).toEqual([])
    expect(await store.searchByText('word', { limit: 1, filter: not(clause) })).toEqual([])
    const bound = bindFilter(clause, { tenant: 't1' })
    expect(ids(await store.searchByText('word', { limit: 1, filter: bound! }))).toEqual(['a'])
  })

  it('searches by the metric of the index it is given', async () => {
    for (const [metric, expected] of [
      ['cosine', ['near', 'far']],
      ['dot', ['far', 'near']],
      ['euclidean', ['near', 'far']],
    ] as const) {
      const store = memoryStore({
        dimensions: 1,
        vectorIndex: (dimensions) => flatIndex({ dimensions, metric }),
      })
      await store.upsert([entry('near', 'x', [1]), entry('far', 'x', metric === 'cosine' ? [-1] : [5])])
      const found = await store.searchByVector(Float32Array.of(1), { limit: 2 })
      expect(ids(found)).toEqual(expected)
      if (metric === 'euclidean') expect(found.map(({ score }) => Math.abs(score))).toEqual([0, 4])
    }
  })

  it('returns 130,000 and more matches in one list', async () => {
    const store = memoryStore({ dimensions: 1 })
    await store.upsert(Array.from({ length: 131_000 }, (_, i) => entry(`${i}`, 'word', [1])))
    expect((await store.searchByText('word', { limit: 200_000 })).length).toBe(131_000)
    expect((await store.searchByVector(Float32Array.of(1), { limit: Number.MAX_SAFE_INTEGER })).length).toBe(
      131_000,
    )
  })

  it('tells an observer how many candidates passed and how it searched, never what was asked', async () => {
    const events: RagEvent[] = []
    const observer = (event: RagEvent) => void events.push(event)
    const store = memoryStore({ dimensions: 2, name: 'notes' })
    await store.upsert([entry('a', 'secret', [1, 0], { n: 1 }), entry('b', 'secret', [0, 1], { n: 2 })])
    await store.searchByText('secret', { limit: 5, filter: eq('n', 1) }, { observer })
    await store.searchByText('secret', { limit: 5, filter: eq('n', 3) }, { observer })
    await store.searchByVector(Float32Array.of(1, 0), { limit: 5 }, { observer })
    expect(events.map(({ type, source, counts, labels }) => ({ type, source, counts, labels }))).toEqual([
      {
        type: 'store.search',
        source: 'notes',
        counts: { entries: 2, candidates: 1, hits: 1 },
        labels: { by: 'text', plan: 'filtered' },
      },
      {
        type: 'store.search',
        source: 'notes',
        counts: { entries: 2, candidates: 0, hits: 0 },
        labels: { by: 'text', plan: 'nothing' },
      },
      {
        type: 'store.search',
        source: 'notes',
        counts: { entries: 2, candidates: 2, hits: 2 },
        labels: { by: 'vector', plan: 'everything' },
      },
    ])
    expect(JSON.stringify(events)).not.toContain('secret')
  })

  it('scans few survivors with an index that can, and makes up for a walk that finds too little', async () => {
    const exact = flatIndex({ dimensions: 1 })
    const calls: string[] = []
    const approximate = {
      dimensions: 1,
      metric: 'cosine' as const,
      get size() {
        return exact.size
      },
      set: exact.set.bind(exact),
      delete: exact.delete.bind(exact),
      search: (query: Float32Array, options: { limit: number }) => {
        calls.push('search')
        return exact.search(query, { ...options, limit: 1 })
      },
      scan: ((query, options) => {
        calls.push('scan')
        return exact.search(query, options)
      }) satisfies ExactScan['scan'],
    }
    const store = memoryStore({ dimensions: 1, vectorIndex: () => approximate })
    await store.upsert(
      Array.from({ length: 1000 }, (_, i) => entry(`c${i}`, 'x', [i + 1], { i, half: i % 2 })),
    )
    const query = Float32Array.of(1)
    expect((await store.searchByVector(query, { limit: 3, filter: eq('i', 7) })).length).toBe(1)
    expect(calls.splice(0)).toEqual(['scan'])
    expect((await store.searchByVector(query, { limit: 1, filter: eq('half', 1) })).length).toBe(1)
    expect(calls.splice(0)).toEqual(['search'])
    expect((await store.searchByVector(query, { limit: 3, filter: eq('half', 1) })).length).toBe(3)
    expect(calls.splice(0).at(0)).toBe('search')
  })

  it('explains a lexical score with the score itself', async () => {
    const store = memoryStore()
    await store.upsert([entry('a', 'green apples and pears'), entry('b', 'pears')])
    const [hit] = await store.searchByText('apples', { limit: 1 })
    const explanation = await store.explainText('apples', 'a')
    expect(Math.fround(explanation!.value)).toBe(hit!.score)
    expect(await store.explainText('apples', 'missing')).toBeUndefined()
  })

  it('indexes context before text unless told otherwise', async () => {
    const withContext: Entry = {
      chunk: { ...chunk('a', 'body'), context: 'preface', headings: ['Title'] },
      revision: 'r',
    }
    const store = memoryStore()
    await store.upsert([withContext])
    expect(ids(await store.searchByText('preface', { limit: 1 }))).toEqual(['a'])
    expect(ids(await store.searchByText('title', { limit: 1 }))).toEqual([])
    const other = memoryStore({ indexedText: ({ headings, text }) => `${headings.join(' ')} ${text}` })
    await other.upsert([withContext])
    expect(ids(await other.searchByText('preface', { limit: 1 }))).toEqual([])
    expect(ids(await other.searchByText('title', { limit: 1 }))).toEqual(['a'])
  })
})

describe('list', () => {
  it('gives what stays exactly once while chunks come and go', async () => {
    const store = memoryStore()
    const names = Array.from({ length: 50 }, (_, i) => `c${String(i).padStart(2, '0')}`)
    await store.upsert(names.map((name) => entry(name, name)))
    const seen: string[] = []
    for await (const ref of store.list()) {
      seen.push(ref.id)
      if (seen.length === 5) {
        await store.delete(['c01', 'c20', 'c21'])
        await store.upsert([entry('new', 'new'), entry('c01', 'again'), entry('c30', 'replaced')])
      }
    }
    const stayed = names.filter((name) => name !== 'c20' && name !== 'c21')
    expect(seen.filter((id) => stayed.includes(id))).toEqual(stayed)
    expect(seen).not.toContain('c20')
  })
})

it('lets go of ordinals, documents and vectors when chunks are deleted', async () => {
  const store = memoryStore({ dimensions: 2 })
  for (let round = 0; round < 50; round++) {
    await store.upsert([entry(`a${round}`, `text ${round}`, [1, round]), entry('keep', 'keep', [0, 1])])
    await store.delete([`a${round}`, 'never there'])
  }
  expect(store.size).toBe(1)
  expect(ids(await store.searchByVector(Float32Array.of(1, 1), { limit: 9 }))).toEqual(['keep'])
  expect(await refsOf(store.list())).toEqual(['keep'])
})

it('honours an aborted signal in every method', async () => {
  const store = memoryStore({ dimensions: 2 })
  const signal = AbortSignal.abort(new Error('stop'))
  for (const call of [
    () => store.upsert([entry('a', 'x')], { signal }),
    () => store.get(['a'], { signal }),
    () => store.delete(['a'], { signal }),
    () => refsOf(store.list({ signal })),
    () => store.searchByText('x', { limit: 1 }, { signal }),
    () => store.searchByVector(Float32Array.of(1, 0), { limit: 1 }, { signal }),
    () => store.explainText('x', 'a', { signal }),
  ]) {
    expect(await codeOf(call())).toBe(signal.reason)
  }
  expect(store.size).toBe(0)
})

it('checks its options', () => {
  const code = (action: () => unknown) => {
    try {
      action()
    } catch (error) {
      return isRagError(error) ? error.code : error
    }
    return 'nothing thrown'
  }
  expect(code(() => memoryStore({ dimensions: 0 }))).toBe('invalid-argument')
  expect(code(() => memoryStore({ dimensions: 3, vectorIndex: () => flatIndex({ dimensions: 2 }) }))).toBe(
    'incompatible',
  )
})
