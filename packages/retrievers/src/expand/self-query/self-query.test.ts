import { and, eq, gte, has, matchesFilter, not, oneOf, or, type RagEvent } from '@tesserae/core'
import { fakeLanguageModel, randomFilter, randomMetadata, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { chunkOf, idsOf, lexicalOver, stuckModel } from '../testing/library.js'
import { patience } from '../testing/useless-models.js'
import { checkFilter } from './check-filter.js'
import { type MetadataSchema, metadataSchema, type StandardMetadataSchema } from './metadata-schema.js'
import { selfQuery, selfQueryRetriever } from './self-query.js'

const schema: MetadataSchema = {
  product_name: {
    type: 'string',
    values: ['Nuts and Seeds Granola', 'Honey Granola'],
    description: 'the product',
  },
  year: { type: 'number' },
  price: { type: 'number' },
  organic: { type: 'boolean' },
  age: { type: 'string', list: true, values: ['30', '31', '40'] },
  title: { type: 'string' },
}
const kept = (value: unknown) => checkFilter(value, schema).filter

describe('the granola example', () => {
  const shelf = [
    chunkOf('nuts', 'Ingredients: oats, nuts and seeds. Allergens: almonds, sesame.', {
      product_name: 'Nuts and Seeds Granola',
    }),
    chunkOf('honey', 'Ingredients: oats and honey. Allergens: none. All nuts and seeds removed.', {
      product_name: 'Honey Granola',
    }),
    chunkOf('caps', 'How to put a list in all caps.', { product_name: 'Manual' }),
  ]
  const question = 'List all the ingredients in the nuts and seeds granola. Put the allergens in all caps.'
  const answer = JSON.stringify({
    query: 'ingredients nuts and seeds granola allergens',
    filter: { op: 'eq', field: 'product_name', value: 'nuts and seeds granola' },
    instructions: 'Put the allergens in all caps.',
  })

  it('gives query, filter and instructions', async () => {
    expect(await selfQuery(question, { model: fakeLanguageModel([answer]), schema })).toEqual({
      query: 'ingredients nuts and seeds granola allergens',
      filter: eq('product_name', 'Nuts and Seeds Granola'),
      instructions: 'Put the allergens in all caps.',
    })
  })

  it('keeps the instructions out of the refined search and hands them on', async () => {
    const retriever = selfQueryRetriever(await lexicalOver(shelf), {
      model: fakeLanguageModel([answer]),
      schema,
    })
    const result = await retriever.retrieveExpanded(question)
    expect(idsOf(result.hits)).toEqual(['nuts'])
    expect(result.instructions).toBe('Put the allergens in all caps.')
    expect(result.filter).toEqual(eq('product_name', 'Nuts and Seeds Granola'))
    expect(result.queries).toEqual([
      { label: 'original', text: question },
      { label: 'refined', text: 'ingredients nuts and seeds granola allergens' },
    ])
    expect(result.queries[1]!.text).not.toMatch(/caps/)
  })

  it('searches without the instructions at all when the original has no weight', async () => {
    const retriever = selfQueryRetriever(await lexicalOver(shelf), {
      model: fakeLanguageModel([answer]),
      schema,
      originalWeight: 0,
    })
    const { queries } = await retriever.retrieveExpanded(question)
    expect(queries.map(({ label }) => label)).toEqual(['refined'])
  })

  it('tells the model the fields with their values', async () => {
    const model = fakeLanguageModel([answer])
    await selfQuery(question, { model, schema })
    const shown: unknown = JSON.parse(model.calls[0]!.messages[0]!.content)
    expect(shown).toEqual({ query: question, fields: schema })
  })

  it('falls back to the plain query, with its instructions, when the filter finds nothing', async () => {
    const nothing = JSON.stringify({ query: 'granola', filter: { year: 1999 }, instructions: 'short' })
    const plain = await lexicalOver(shelf)
    const retriever = selfQueryRetriever(plain, { model: fakeLanguageModel([nothing]), schema })
    const result = await retriever.retrieveExpanded('granola ingredients')
    expect(result).toEqual({
      hits: await plain.retrieve('granola ingredients'),
      queries: [{ label: 'original', text: 'granola ingredients' }],
      instructions: 'short',
      fallback: 'no-hits',
    })
  })

  it('keeps an empty answer of the filter when no hits are asked for', async () => {
    const nothing = JSON.stringify({ query: 'granola', filter: { year: 1999 } })
    const retriever = selfQueryRetriever(await lexicalOver(shelf), {
      model: fakeLanguageModel([nothing]),
      schema,
      minHits: 0,
    })
    expect(await retriever.retrieve('granola ingredients')).toEqual([])
  })
})

it('selfQuery gives the query back when the model is of no use', async () => {
  for (const [model, fallback] of [
    [fakeLanguageModel(['no JSON here']), 'unreadable'],
    [fakeLanguageModel(['']), 'empty'],
    [fakeLanguageModel([new Error('down')]), 'failed'],
    [stuckModel, 'timeout'],
  ] as const)
    expect(await selfQuery('q', { model, schema, timeoutMs: patience(model) })).toEqual({
      query: 'q',
      fallback,
    })
  const reason = new Error('enough')
  await expect(
    selfQuery('q', { model: stuckModel, schema }, { signal: AbortSignal.abort(reason) }),
  ).rejects.toBe(reason)
})

describe('checkFilter', () => {
  it('keeps what fits the schema, with values as the field holds them', () => {
    expect(kept({ op: 'eq', field: 'year', value: '2023' })).toEqual(eq('year', 2023))
    expect(kept({ op: 'gte', field: 'price', value: '9.5' })).toEqual(gte('price', 9.5))
    expect(kept({ op: 'eq', field: 'organic', value: 'true' })).toEqual(eq('organic', true))
    expect(kept({ op: 'eq', field: 'product_name', value: 'HONEY granola' })).toEqual(
      eq('product_name', 'Honey Granola'),
    )
    expect(kept({ op: 'includes', field: 'title', value: 'lease' })).toEqual({
      op: 'includes',
      field: 'title',
      value: 'lease',
    })
  })

  it('reads fields and values, and lists of clauses', () => {
    expect(kept({ year: 2023, organic: true })).toEqual(and(eq('year', 2023), eq('organic', true)))
    expect(kept({ year: [2022, 2023] })).toEqual(oneOf('year', [2022, 2023]))
    expect(kept([{ op: 'eq', field: 'year', value: 2023 }])).toEqual(eq('year', 2023))
  })

  it('asks lists whether they have a value', () => {
    expect(kept({ op: 'eq', field: 'age', value: '30' })).toEqual(has('age', '30'))
    expect(kept({ op: 'in', field: 'age', values: ['30', '40'] })).toEqual(
      or(has('age', '30'), has('age', '40')),
    )
    expect(kept({ op: 'ne', field: 'age', value: 30 })).toEqual(not(has('age', '30')))
    expect(kept({ op: 'lt', field: 'age', value: '30' })).toBeUndefined()
    expect(kept({ op: 'has', field: 'year', value: 2023 })).toEqual(eq('year', 2023))
  })

  it.each([
    [{ op: 'eq', field: 'tenant', value: 'b' }],
    [{ tenant: 'b' }],
    [{ op: 'eq', field: '__proto__', value: 'x' }],
    [{ op: 'eq', field: 'constructor', value: 'x' }],
    [{ op: 'eq', field: 'toString', value: 'x' }],
    [{ op: 'eq', field: 'year', value: 'old' }],
    [{ op: 'eq', field: 'year', value: null }],
    [{ op: 'eq', field: 'product_name', value: 'Nonexistent' }],
    [{ op: 'startsWith', field: 'year', value: '20' }],
    [{ op: 'lt', field: 'organic', value: 1 }],
    [{ op: 'regex', field: 'title', value: '.*' }],
    [{ op: 'eq', field: 'year', value: { $gt: 0 } }],
    [{ op: 'in', field: 'year', values: [] }],
    [{ op: 'eq', field: 'title', value: '\u0000placeholder?x' }],
    [
      {
        op: 'or',
        filters: [
          { op: 'eq', field: 'year', value: 2023 },
          { op: 'eq', field: 'tenant', value: 'b' },
        ],
      },
    ],
    [{ op: 'not', filter: { op: 'eq', field: 'tenant', value: 'a' } }],
    [
      {
        op: 'not',
        filter: {
          op: 'and',
          filters: [
            { op: 'eq', field: 'year', value: 1 },
            { op: 'eq', field: 'x', value: 1 },
          ],
        },
      },
    ],
    ['year = 2023'],
    [42],
    [null],
    [undefined],
    [[]],
    [{ op: 'and', filters: [] }],
  ])('keeps nothing of %j', (value) => {
    expect(kept(value)).toBeUndefined()
  })

  it('keeps the good clauses of an `and`, and counts the others', () => {
    expect(
      checkFilter(
        {
          op: 'and',
          filters: [
            { op: 'eq', field: 'tenant', value: 'b' },
            { op: 'eq', field: 'year', value: 2023 },
            { op: 'frobnicate' },
            {
              op: 'or',
              filters: [
                { op: 'eq', field: 'year', value: 1 },
                { op: 'eq', field: 'no', value: 2 },
              ],
            },
          ],
        },
        schema,
      ),
    ).toEqual({ filter: eq('year', 2023), dropped: 3 })
  })

  it('is not fooled by depth and size', () => {
    let deep: unknown = { op: 'eq', field: 'year', value: 2023 }
    for (let i = 0; i < 1000; i++) deep = { op: 'not', filter: deep }
    expect(kept(deep)).toBeUndefined()
    const wide = Array.from({ length: 10_000 }, () => ({ op: 'eq', field: 'year', value: 2023 }))
    expect(JSON.stringify(kept(wide)).length).toBeLessThan(3000)
    expect(
      kept({ op: 'in', field: 'year', values: Array.from({ length: 10_000 }, (_, i) => i) }),
    ).toBeUndefined()
  })

  it('names only fields of the schema, whatever the filter was', () => {
    const random = seededRandom(5)
    const some: MetadataSchema = {
      year: { type: 'number' },
      tags: { type: 'string', list: true },
      title: { type: 'string' },
    }
    for (let trial = 0; trial < 2000; trial++) {
      const { filter } = checkFilter(randomFilter(random, 3), some)
      if (filter === undefined) continue
      for (const [, field] of JSON.stringify(filter).matchAll(/"field":"([^"]*)"/g))
        expect(Object.keys(some)).toContain(field)
      expect(() => matchesFilter(filter, randomMetadata(random))).not.toThrow()
    }
  })

  it('tells how many clauses were dropped, not which', async () => {
    const events: RagEvent[] = []
    const model = fakeLanguageModel([
      JSON.stringify({ query: 'q2', filter: { tenant: 'secret', year: 2023 } }),
    ])
    await selfQuery('q', { model, schema }, { observer: (event) => events.push(event) })
    expect(events.find(({ type }) => type === 'expand.dropped')?.counts).toEqual({ clauses: 1 })
    expect(JSON.stringify(events)).not.toContain('secret')
  })
})

describe('metadataSchema', () => {
  const standard = (json: { readonly [key: string]: unknown }): StandardMetadataSchema => ({
    '~standard': { version: 1, vendor: 'test', jsonSchema: { input: () => json } },
  })

  it('reads the fields of a Standard Schema that tells its JSON Schema', () => {
    expect(
      metadataSchema(
        standard({
          type: 'object',
          properties: {
            year: { type: 'integer', description: 'of publication' },
            kind: { type: 'string', enum: ['wiki', 'guide'] },
            tags: { type: 'array', items: { type: 'string' } },
            draft: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
            author: { type: ['string', 'null'] },
            level: { const: 3 },
            nested: { type: 'object', properties: {} },
            mixed: { anyOf: [{ type: 'string' }, { type: 'number' }] },
          },
        }),
      ),
    ).toEqual({
      year: { type: 'number', description: 'of publication' },
      kind: { type: 'string', values: ['wiki', 'guide'] },
      tags: { type: 'string', list: true },
      draft: { type: 'boolean' },
      author: { type: 'string' },
      level: { type: 'number', values: [3] },
    })
  })

  it('says what to do about one that does not', () => {
    expect(() => metadataSchema({ '~standard': { version: 1, vendor: 'old' } })).toThrow('list the fields')
    expect(() => metadataSchema({})).toThrow('at least one field')
    expect(() => metadataSchema(JSON.parse('{"year": {"type": "date"}}'))).toThrow('schema.year.type')
    expect(() => metadataSchema(standard({ type: 'string' }))).toThrow('properties')
  })

  it('serves as the schema of a self-query', async () => {
    const model = fakeLanguageModel([JSON.stringify({ query: 'x', filter: { year: '2020', other: 1 } })])
    const json = { type: 'object', properties: { year: { type: 'number' } } }
    expect((await selfQuery('q', { model, schema: standard(json) })).filter).toEqual(eq('year', 2020))
  })
})
