import { eq, isRagError, type Metadata, scopeRetriever } from '@tesserae/core'
import { fakeRetriever } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { chunkOf, idsOf, lexicalOver } from '../testing/library.js'
import { retrieverTool } from './retriever-tool.js'

const article = (id: string, text: string, metadata: Metadata) =>
  chunkOf(id, text, { tenant: 'north', ...metadata })
const articles = [
  article('fees', 'A reminder costs five euros.', { topic: 'billing', year: 2024, tags: ['fee', 'late'] }),
  article('old-fees', 'A reminder costs three euros.', { topic: 'billing', year: 2021, tags: ['fee'] }),
  article('cards', 'A lost card is replaced; no reminder is needed.', { topic: 'service', year: 2023 }),
  chunkOf('secret', 'The reminder of the other company.', { tenant: 'south', topic: 'billing', year: 2024 }),
]
const schema = {
  topic: { type: 'string', values: ['billing', 'service'], description: 'What it is about.' },
  year: { type: 'number' },
  tags: { type: 'string', list: true },
} as const

async function makeTool() {
  const scoped = scopeRetriever(await lexicalOver(articles), eq('tenant', 'north'))
  return retrieverTool(scoped, { name: 'search_help', description: 'Articles of the help centre.', schema })
}

describe('retrieverTool', () => {
  it('describes itself as JSON Schema', async () => {
    const { name, description, inputSchema } = await makeTool()
    expect([name, description]).toEqual(['search_help', 'Articles of the help centre.'])
    expect(inputSchema.required).toEqual(['query'])
    expect(inputSchema.properties.limit).toMatchObject({ minimum: 1, maximum: 20 })
    expect(inputSchema.properties.filter?.properties).toEqual({
      topic: {
        description: 'What it is about.',
        anyOf: [
          { type: 'string', enum: ['billing', 'service'] },
          { type: 'array', items: { type: 'string', enum: ['billing', 'service'] } },
        ],
      },
      year: {
        anyOf: [
          { type: 'number' },
          { type: 'array', items: { type: 'number' } },
          {
            type: 'object',
            properties: { min: { type: 'number' }, max: { type: 'number' } },
            additionalProperties: false,
          },
        ],
      },
      tags: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    })
    expect(JSON.parse(JSON.stringify(inputSchema))).toEqual(inputSchema)
    const plain = retrieverTool(fakeRetriever([]), { description: 'Anything.' })
    expect([plain.name, plain.inputSchema.properties.filter]).toEqual(['search', undefined])
  })

  it('gives numbered passages with their sources', async () => {
    const tool = await makeTool()
    const { text, citations, hits, dropped } = await tool.execute({
      query: 'what does a reminder cost?',
      limit: 1,
    })
    expect(hits).toHaveLength(1)
    expect(text).toContain('[1]')
    expect(text).toContain('euros')
    expect(citations[0]?.documentId).toBe(hits[0]?.chunk.documentId)
    expect(dropped).toBe(0)
    expect((await tool.execute({ query: 'zeppelin' })).text).toBe('Nothing was found.')
  })

  it.each([
    ['a value', { topic: 'billing' }, ['fees', 'old-fees']],
    ['one of several', { topic: ['service'] }, ['cards']],
    ['a range', { year: { min: 2022, max: 2024 } }, ['cards', 'fees']],
    ['a bound that is written as text', { year: { min: '2024' } }, ['fees']],
    ['an element of a list', { tags: 'late' }, ['fees']],
    ['a filter of its own', { op: 'lt', field: 'year', value: 2022 }, ['old-fees']],
  ])('narrows by %s', async (_what, filter, expected) => {
    const { hits, dropped } = await (await makeTool()).execute({ query: 'reminder', filter, limit: 20 })
    expect([idsOf(hits).sort(), dropped]).toEqual([expected, 0])
  })

  it.each([
    ['another tenant', { tenant: 'south' }],
    ['a way around', { op: 'or', filters: [eq('tenant', 'south'), eq('topic', 'billing')] }],
    ['no field', { nothing: 1 }],
    ['a value that is none', { topic: 'secrets' }],
    ['a range of nonsense', { year: { min: {}, $where: '1' } }],
    ['prose', 'tenant = south'],
  ])('shows no more for %s, and tells that it was left out', async (_what, filter) => {
    const { hits, text, dropped } = await (await makeTool()).execute({ query: 'reminder', filter, limit: 20 })
    expect(idsOf(hits).sort()).toEqual(['cards', 'fees', 'old-fees'])
    expect(dropped).toBeGreaterThan(0)
    expect(text).toContain('Not every condition')
  })

  it('takes what models give for numbers and JSON, and refuses what has no query', async () => {
    const asked: unknown[] = []
    const tool = retrieverTool(
      {
        name: 'asked',
        async retrieve(query, call) {
          asked.push([query, call?.limit])
          return []
        },
      },
      { description: 'Anything.', maxLimit: 8 },
    )
    await tool.execute('{"query": "a", "limit": 3}')
    await tool.execute('just words')
    for (const limit of ['4', 99, 0, -1, 2.7, 'many', null]) await tool.execute({ query: 'a', limit })
    expect(asked).toEqual([
      ['a', 3],
      ['just words', 5],
      ...[4, 8, 1, 1, 2, 5, 5].map((limit) => ['a', limit]),
    ])
    for (const input of [{}, { query: ' ' }, { query: 7 }, null, undefined, [], '{"limit": 3}']) {
      const error = await tool.execute(input).catch((caught: unknown) => caught)
      expect(isRagError(error, 'invalid-argument')).toBe(true)
    }
  })

  it('stops when it is told to, and refuses options that cannot be', async () => {
    const tool = await makeTool()
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(tool.execute({ query: 'reminder' }, { signal })).rejects.toThrow('enough')
    const retriever = fakeRetriever([])
    expect(() => retrieverTool(retriever, { description: ' ' })).toThrow(/description/)
    expect(() => retrieverTool(retriever, { description: 'x', name: 'a b' })).toThrow(/name/)
    expect(() => retrieverTool(retriever, { description: 'x', defaultLimit: 9, maxLimit: 8 })).toThrow(
      /defaultLimit/,
    )
  })
})
