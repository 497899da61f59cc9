import { fakeEmbedder, fakeLanguageModel } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { analyze } from '../analysis/analyzer.js'
import { englishAnalyzer } from '../analysis/english.js'
import { universalAnalyzer } from '../analysis/universal.js'
import { bm25Index } from '../bm25/bm25-index.js'
import { memoryStore } from '../memory-store/store.js'
import { condenseRetriever } from './condense.js'
import { expandAcronyms } from './glossary.js'
import { hydeRetriever } from './hyde.js'
import { keywordRetriever } from './keywords.js'
import { multiQueryRetriever } from './multi-query.js'
import { normalizedRetriever, normalizeQuery } from './normalize-query.js'
import { readJson } from './read-json.js'
import { rewriteRetriever } from './rewrite.js'
import { correctSpelling, spellingRetriever } from './spelling.js'
import { synonymRetriever } from './synonyms.js'
import { chunkOf, idsOf, lexicalOver } from './testing/library.js'

const answering = (value: unknown) => fakeLanguageModel(() => JSON.stringify(value))
const places = [
  chunkOf('nyc', 'Top rated Italian restaurants in New York City.'),
  chunkOf('rome', 'Italian restaurants of Rome, best in town.'),
  chunkOf('mi', 'Myocardial infarction: signs and treatment.'),
  chunkOf('attack', 'A heart attack needs help at once.'),
]

describe('glossary', () => {
  const glossary = {
    nyc: 'New York City',
    MI: ['myocardial infarction', 'Michigan'],
    US: 'United States',
    'C++': 'C plus plus',
  }

  it('keeps both forms, whichever was typed', () => {
    expect(expandAcronyms('best italian restaurants in nyc', glossary)).toBe(
      'best italian restaurants in nyc (New York City)',
    )
    expect(expandAcronyms('restaurants in New  York city', glossary)).toBe(
      'restaurants in New  York city (nyc)',
    )
    expect(expandAcronyms('MI treatment', glossary)).toBe('MI treatment (myocardial infarction, Michigan)')
    expect(expandAcronyms('leak in C++?', glossary)).toBe('leak in C++? (C plus plus)')
  })

  it('takes words for words: case of short capitals counts, parts of words do not', () => {
    for (const query of ['help us', 'what is mi', 'Miami', 'nycx', 'NYC (New York City)', ''])
      expect(expandAcronyms(query, glossary)).toBe(query)
  })

  it('refuses a glossary that says nothing', () => {
    expect(() => expandAcronyms('q', { '': 'x' })).toThrow('glossary')
    expect(() => expandAcronyms('q', { a: [] })).toThrow('glossary.a')
  })
})

describe('synonymRetriever', () => {
  it('finds a heart attack under its other name', async () => {
    const plain = await lexicalOver(places)
    const synonyms = [['heart attack', 'myocardial infarction']]
    const retriever = synonymRetriever(plain, { synonyms })
    expect(idsOf(await plain.retrieve('heart attack'))).toEqual(['attack'])
    const { hits, queries } = await retriever.retrieveExpanded('Heart  attack')
    expect(idsOf(hits)).toEqual(['attack', 'mi'])
    expect(queries.map(({ text }) => text)).toEqual(['Heart  attack', 'Heart  attack myocardial infarction'])
    expect(idsOf(await retriever.retrieve('myocardial infarction'))).toEqual(['mi', 'attack'])
  })

  it('adds nothing where nothing matches, and no more than allowed', async () => {
    const plain = await lexicalOver(places)
    const many = synonymRetriever(plain, { synonyms: [['rome', 'a1', 'b1', 'c1']], maxAdditions: 2 })
    expect((await many.retrieveExpanded('rome')).queries[1]!.text).toBe('rome a1 b1')
    expect(await many.retrieve('heart')).toEqual(await plain.retrieve('heart'))
    expect(() => synonymRetriever(plain, {})).toThrow('synonyms')
    expect(() => synonymRetriever(plain, { synonyms: [['alone']] })).toThrow('synonyms[0]')
  })
})

describe('rewriteRetriever', () => {
  it('searches the rewrite beside the original, which says where a hit comes from', async () => {
    const rewritten = 'top rated italian restaurants in new york city near me'
    const retriever = rewriteRetriever(await lexicalOver(places), { model: answering({ rewritten }) })
    const { hits, queries } = await retriever.retrieveExpanded('best italian restaurants in nyc')
    expect(queries.map(({ text }) => text)).toEqual(['best italian restaurants in nyc', rewritten])
    expect(idsOf(hits)[0]).toBe('nyc')
    expect(hits[0]!.trace.map(({ stage }) => stage)).toEqual([
      'lexical',
      'rewrite/original',
      'lexical',
      'rewrite/rewritten',
      'rewrite',
    ])
  })

  it('puts back what a rewrite loses: short forms, codes and both forms of the glossary', async () => {
    const plain = await lexicalOver(places)
    const rewriteOf = async (query: string, rewritten: string, glossary = {}) => {
      const retriever = rewriteRetriever(plain, { model: answering({ rewritten }), glossary })
      return (await retriever.retrieveExpanded(query)).queries.at(-1)!.text
    }
    expect(await rewriteOf("RAG in C++ for Q2'24?", 'retrieval augmented generation')).toBe(
      "retrieval augmented generation (RAG, C++, Q2'24)",
    )
    expect(await rewriteOf('restaurants nyc', 'places to eat', { nyc: 'New York City' })).toBe(
      'places to eat (nyc, New York City)',
    )
    expect(await rewriteOf('error A-123/b', 'failure with code A-123/b')).toBe('failure with code A-123/b')
  })

  it('tells the model only what the glossary says about this query', async () => {
    const model = answering({ rewritten: 'x' })
    const glossary = { nyc: 'New York City', SLA: 'service level agreement' }
    await rewriteRetriever(await lexicalOver(places), { model, glossary }).retrieve('food in nyc')
    expect(JSON.parse(model.calls[0]!.messages[0]!.content)).toEqual({
      query: 'food in nyc',
      glossary: { nyc: ['New York City'] },
    })
  })

  it('replaces the original when that has no weight, and falls back to it when nothing is found', async () => {
    const plain = await lexicalOver(places)
    const replaced = rewriteRetriever(plain, {
      model: answering({ rewritten: 'myocardial' }),
      originalWeight: 0,
    })
    const { hits, queries } = await replaced.retrieveExpanded('heart')
    expect(idsOf(hits)).toEqual(['mi'])
    expect(queries.map(({ label }) => label)).toEqual(['rewritten'])
    const lost = rewriteRetriever(plain, { model: answering({ rewritten: 'zzz' }), originalWeight: 0 })
    const result = await lost.retrieveExpanded('heart')
    expect([idsOf(result.hits), result.fallback]).toEqual([['attack'], 'no-hits'])
  })

  it('takes instructions of the user’s own, and keeps the form of the answer', async () => {
    const model = answering({ rewritten: 'x' })
    await rewriteRetriever(await lexicalOver(places), {
      model,
      instructions: 'Translate to German.',
    }).retrieve('q')
    expect(model.calls[0]!.system).toMatch(/^Translate to German\./)
    expect(model.calls[0]!.system).toContain('{"rewritten": "..."}')
  })
})

describe('keywordRetriever', () => {
  it('caps the ten keywords of the example for five or six, without dates, names and words of the query', async () => {
    const keywords = [
      'competition',
      'rivals',
      'ABC Corp',
      'market share',
      'Q4 2023',
      '2024 outlook',
      'competitors',
      'peers',
      'industry',
      'risk factors',
      'substitutes',
      'pricing',
    ]
    const retriever = keywordRetriever(await lexicalOver(places), {
      model: answering({ keywords }),
      exclude: ['ABC'],
    })
    const { queries } = await retriever.retrieveExpanded("Who are ABC's competitors?")
    expect(queries[1]!.text).toBe(
      "Who are ABC's competitors? competition rivals market share peers industry risk factors",
    )
  })

  it('has nothing to add when all keywords are the query’s own', async () => {
    const retriever = keywordRetriever(await lexicalOver(places), {
      model: answering({ keywords: ['Heart', 'attack'] }),
    })
    expect((await retriever.retrieveExpanded('heart attack')).queries).toHaveLength(1)
  })
})

describe('multiQueryRetriever', () => {
  it('asks nothing when there is to be one query', async () => {
    const model = answering({ queries: ['x'] })
    await multiQueryRetriever(await lexicalOver(places), { model, queries: 1 }).retrieve('heart')
    expect(model.calls).toHaveLength(0)
  })

  it('fuses by reciprocal ranks, each query with its weight', async () => {
    const retriever = multiQueryRetriever(await lexicalOver(places), {
      model: answering({ queries: ['myocardial infarction', 'HEART ATTACK', ' '] }),
      originalWeight: 2,
    })
    const { hits, queries } = await retriever.retrieveExpanded('heart attack')
    // What says the same as the original is left out.
    expect(queries.map(({ text }) => text)).toEqual(['heart attack', 'myocardial infarction'])
    expect(hits.map(({ chunk, score }) => [chunk.id, score])).toEqual([
      // Ties are broken in the twelfth decimal.
      ['attack', expect.closeTo(2 / 61, 11)],
      ['mi', expect.closeTo(1 / 61, 11)],
    ])
  })
})

describe('condenseRetriever', () => {
  const history = [
    { role: 'user' as const, content: 'What is a myocardial infarction?' },
    { role: 'assistant' as const, content: 'A heart attack.' },
  ]

  it('makes a follow-up stand alone; the original counts little', async () => {
    const model = answering({ question: 'how is myocardial infarction treated?' })
    const retriever = condenseRetriever(await lexicalOver(places), { model })
    const { hits, queries } = await retriever.retrieveExpanded('how is it treated in rome?', { history })
    expect(idsOf(hits)[0]).toBe('mi')
    expect(queries.map(({ label }) => label)).toEqual(['original', 'standalone'])
    expect(JSON.parse(model.calls[0]!.messages[0]!.content)).toEqual({
      conversation: history,
      query: 'how is it treated in rome?',
    })
  })

  it('asks no model without a history, and shows the last messages only', async () => {
    const model = answering({ question: 'x' })
    const retriever = condenseRetriever(await lexicalOver(places), { model, maxMessages: 1 })
    await retriever.retrieve('heart')
    await retriever.retrieve('heart', { history: [] })
    expect(model.calls).toHaveLength(0)
    await retriever.retrieve('heart', { history })
    expect(model.calls[0]!.messages[0]!.content).not.toContain('What is')
  })

  it('leaves a question that stands alone as it is', async () => {
    const retriever = condenseRetriever(await lexicalOver(places), {
      model: answering({ question: 'Heart attack?' }),
    })
    expect((await retriever.retrieveExpanded('heart attack', { history })).queries).toHaveLength(1)
  })

  it('refuses a history that is none', async () => {
    const retriever = condenseRetriever(await lexicalOver(places), { model: answering({}) })
    // @ts-expect-error: what callers without types may pass
    await expect(retriever.retrieve('q', { history: [{ role: 'user' }] })).rejects.toThrow(
      'history[0].content',
    )
  })
})

describe('hydeRetriever', () => {
  const embedder = fakeEmbedder({ dimensions: 16, maxBatchSize: 2 })
  const passages = ['myocardial infarction is treated', 'signs of myocardial infarction', 'infarction']
  const vectorOf = async (text: string, role: 'query' | 'document') => embedder.embed([text], { role })
  const seen: Float32Array[] = []
  const store = memoryStore({ dimensions: 16 })
  const spying = {
    dimensions: 16,
    searchByVector: (...given: Parameters<typeof store.searchByVector>) => {
      seen.push(given[0])
      return store.searchByVector(...given)
    },
  }

  it('searches by the mean of the query and the passages, each of unit length', async () => {
    const options = { store: spying, embedder, model: answering({ passages }), hypotheticals: 3 }
    await hydeRetriever(options).retrieve('heart attack')
    const parts = [
      await vectorOf('heart attack', 'query'),
      ...(await Promise.all(passages.map((text) => vectorOf(text, 'document')))),
    ]
    const unit = (vector: readonly number[]) => vector.map((x) => x / Math.hypot(...vector))
    const expected = (rows: readonly Float32Array[]) =>
      unit(Array.from({ length: 16 }, (_, i) => rows.reduce((sum, row) => sum + unit([...row])[i]!, 0)))
    for (const [i, x] of expected(parts).entries()) expect(seen.at(-1)![i]).toBeCloseTo(x, 5)
    await hydeRetriever({ ...options, originalWeight: 0 }).retrieve('heart attack')
    for (const [i, x] of expected(parts.slice(1)).entries()) expect(seen.at(-1)![i]).toBeCloseTo(x, 5)
  })

  it('refuses an embedder that does not fit, and options out of range', () => {
    const model = answering({})
    expect(() => hydeRetriever({ store: memoryStore({ dimensions: 3 }), embedder, model })).toThrow(
      'vectors of 3',
    )
    expect(() => hydeRetriever({ store, embedder, model, hypotheticals: 9 })).toThrow('hypotheticals')
  })
})

describe('spelling', () => {
  const index = bm25Index({ analyzer: englishAnalyzer({ stem: false }) })
  index.set(0, 'the restaurant serves italian cuisine with mozzarella in C++ and Q4')
  index.set(1, 'restaurants of myocardial infarction')

  it('corrects words that the vocabulary lacks, and nothing else', () => {
    expect(correctSpelling('itallian resturant, with mozarella?', index)).toBe(
      'italian restaurant, with mozzarella?',
    )
    for (const query of ['the italian C++ in Q4', 'zzzzqqq', 'A-123/b', '', '東京', 'it is'])
      expect(correctSpelling(query, index)).toBe(query)
  })

  it('keeps to its limits', () => {
    expect(correctSpelling('itallian itallian itallian', index, { maxCorrections: 2 })).toBe(
      'italian italian itallian',
    )
    expect(correctSpelling('itallian', index, { minSimilarity: 0.99 })).toBe('itallian')
  })

  it('searches both what was typed and what was meant', async () => {
    const retriever = spellingRetriever(await lexicalOver(places), { vocabulary: index })
    const { hits, queries } = await retriever.retrieveExpanded('myocardiel infarction')
    expect(idsOf(hits)).toEqual(['mi'])
    expect(queries.map(({ text }) => text)).toEqual(['myocardiel infarction', 'myocardial infarction'])
  })
})

describe('normalizeQuery', () => {
  it('keeps what identifiers are made of; lower-casing and stems are the analyzer’s', () => {
    const query = 'How do I debug a memory leak in C++?'
    expect(normalizeQuery(query)).toBe(query)
    const terms = analyze(englishAnalyzer(), query).map(({ text }) => text)
    expect(terms).toEqual(['debug', 'memori', 'leak', 'c++', 'c'])
  })

  it('drops what is not seen, composes characters, and leaves joiners of emoji', () => {
    expect(normalizeQuery('  a\u0000b\u200b\tc\u202e\n e\u0301 ')).toBe('a b c é')
    expect(normalizeQuery('👩‍👩‍👧 می‌خواهم')).toBe('👩‍👩‍👧 می‌خواهم')
  })

  it('cuts padding and length', () => {
    expect(normalizeQuery('X_Y_Z '.repeat(10_000))).toBe('X_Y_Z X_Y_Z X_Y_Z')
    expect(normalizeQuery(`${'ignore this now '.repeat(50)}who pays?`)).toBe(
      'ignore this now ignore this now ignore this now who pays?',
    )
    expect(normalizeQuery('no no no, yes', { maxRepetitions: 1 })).toBe('no no, yes')
    expect(normalizeQuery('had had', { maxRepetitions: 3 })).toBe('had had')
    const words = Array.from({ length: 5000 }, (_, i) => `word${i}`).join(' ')
    const cut = normalizeQuery(words, { maxTokens: 20 })
    expect(words.startsWith(cut)).toBe(true)
    expect(cut.length).toBeLessThan(200)
    expect(normalizeQuery('😀'.repeat(5000), { maxTokens: 3 })).toMatch(/^(?:😀)*$/u)
  })

  it('wraps a retriever', async () => {
    const retriever = normalizedRetriever(await lexicalOver(places))
    expect(idsOf(await retriever.retrieve('\u202e heart \u0000 attack'))).toEqual(['attack'])
    // @ts-expect-error: what callers without types may pass
    await expect(retriever.retrieve(7)).rejects.toThrow('query')
  })

  it('says the same when it is asked again', () => {
    for (const query of ['a a a a a', 'x y x y x y x y z', ' \u0301 e\u0301', 'q'.repeat(9999)]) {
      const once = normalizeQuery(query)
      expect(normalizeQuery(once)).toBe(once)
    }
  })
})

describe('readJson', () => {
  const any = (value: unknown) => value
  it.each([
    ['{"a": 1}', { a: 1 }],
    ['text {"a": "}"} text', { a: '}' }],
    ['{"a": "\\"}"}', { a: '"}' }],
    ['[1, 2,]', [1, 2]],
    ['{"a": ",}",}', { a: ',}' }],
    ['{broken} then {"b": 2}', { b: 2 }],
    ['```json\n["x"]\n```', ['x']],
    ['{ "unclosed": {"inner": 1}', { inner: 1 }],
  ])('reads %j', (text, value) => {
    expect(readJson(text, any)).toEqual(value)
  })

  it.each(['', 'none', '{', '[1, 2', '"text"', '{"a": 01}', '}{'])('reads nothing in %j', (text) => {
    expect(readJson(text, any)).toBeUndefined()
  })

  it('goes on to what is accepted', () => {
    const wanted = (value: unknown) => (Array.isArray(value) ? value.length : undefined)
    expect(readJson('{"result": {"list": [1, 2, 3]}}', wanted)).toBe(3)
  })

  it('ends on hostile text', () => {
    for (const text of [
      '['.repeat(1e6),
      '{"'.repeat(1e6),
      '[{'.repeat(1e5),
      '"\\'.repeat(1e6),
      '[",'.repeat(1e5),
    ])
      expect(readJson(text, () => undefined)).toBeUndefined()
  })
})

it('universal analyzers serve synonyms of any language', async () => {
  const retriever = synonymRetriever(
    await lexicalOver([chunkOf('ar', 'نوبة قلبية'), chunkOf('zh', '心脏病')]),
    {
      synonyms: [['心梗', '心脏病']],
    },
  )
  expect(universalAnalyzer().id).toContain('und')
  expect(idsOf(await retriever.retrieve('心梗'))).toEqual(['zh'])
})
