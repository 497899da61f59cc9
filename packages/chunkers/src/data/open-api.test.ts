import type { Document, RagEvent } from '@tesserae/core'
import { pieceTokenizer, toChunks } from '@tesserae/core'
import { chunkerLaws, generateTexts, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { recursiveChunker } from '../recursive.js'
import { lawTexts } from '../testing/law-texts.js'
import { jsonChunker } from './json.js'
import type { OpenApiChunkerOptions } from './open-api.js'
import { openApiChunker } from './open-api.js'

const count = lawTexts
const plain = (text: string): Document => ({ id: 'd', text, marks: [], metadata: {} })

async function shown(value: unknown, options: OpenApiChunkerOptions) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)
  const chunks = toChunks(plain(text), await openApiChunker(options).split(plain(text)))
  return chunks.map((chunk) => [chunk.context, chunk.text] as const)
}

const operation = (summary: string) => ({ summary, responses: { 200: { description: 'Fine' } } })
const petStore = {
  openapi: '3.1.0',
  info: { title: 'Pets', version: '1' },
  paths: {
    '/pets': {
      parameters: [{ name: 'tenant', in: 'query' }],
      get: operation('List pets'),
      post: { operationId: 'addPet', responses: {} },
    },
    '/alias': { $ref: '#/paths/~1pets' },
    '/pets/{id}': { get: operation('Get a pet'), delete: { responses: {} }, 'x-get': { get: 1 } },
  },
  webhooks: { newPet: { post: operation('A pet came') } },
  components: { schemas: { Pet: { type: 'object' }, get: { type: 'string' } } },
}

describe('openApiChunker', () => {
  it('makes each operation a chunk under its method, path and summary', async () => {
    const chunks = await shown(petStore, {})
    expect(chunks.map(([context]) => context)).toEqual([
      undefined,
      'GET /pets: List pets',
      'POST /pets: addPet',
      '/paths/~1alias',
      'GET /pets/{id}: Get a pet',
      'DELETE /pets/{id}',
      'POST newPet: A pet came',
      '/components',
    ])
    // Names of paths and what a path's operations share stand with the first.
    expect(chunks[1]?.[1]).toMatch(/^"\/pets": \{\s+"parameters".*"List pets"/s)
    expect(chunks[2]?.[1]).toMatch(/^"post"/)
    expect(chunks[5]?.[1]).toMatch(/^"delete".*"x-get"/s)
    expect(chunks[7]?.[1]).toMatch(/^"components"/)
    expect(
      chunks
        .map(([, text]) => text)
        .join('')
        .replace(/\s/g, ''),
    ).toBe(JSON.stringify(petStore).replace(/\s/g, ''))
  })

  it('reads Swagger 2.0', async () => {
    const { paths } = petStore
    const chunks = await shown({ swagger: '2.0', paths }, {})
    expect(chunks.filter(([context]) => /^[A-Z]+ \//.test(context ?? '')).length).toBe(4)
  })

  it('divides an operation over the cap at its members, each part under its title', async () => {
    const responses = Object.fromEntries(
      Array.from({ length: 12 }, (_, code) => [200 + code, { description: `What happens in case ${code}` }]),
    )
    const value = {
      openapi: '3.0.0',
      paths: { '/a': { get: { summary: 'Do it', responses } } },
      info: { title: 'T' },
    }
    const chunks = await shown(value, { maxTokens: 80 })
    const parts = chunks.filter(([context]) => context === 'GET /a: Do it')
    expect(parts.length).toBeGreaterThan(2)
    for (const [, text] of parts.slice(1)) expect(text).toMatch(/^"(responses|\d{3})": \{/)
    expect(chunks.at(-1)).toEqual(['/info', '"info": {\n    "title": "T"\n  }\n}'])
  })

  it('cuts a title over its share', async () => {
    const value = { openapi: '3.0.0', paths: { '/a': { get: operation('very '.repeat(50)) } } }
    const [, first] = await shown(value, { maxTokens: 60 })
    expect(first?.[0]).toMatch(/^GET \/a: very.*…$/)
  })

  it('cuts other JSON as jsonChunker does, and other text as recursiveChunker does', async () => {
    for (const value of [
      { paths: petStore.paths },
      { openapi: 3, paths: petStore.paths },
      [petStore],
      { openapi: '3' },
    ]) {
      const document = plain(JSON.stringify(value))
      expect(await openApiChunker({ maxTokens: 60 }).split(document)).toEqual(
        await jsonChunker({ maxTokens: 60 }).split(document),
      )
    }
    const yaml = plain('openapi: 3.1.0\npaths:\n  /pets:\n    get:\n      summary: List pets\n'.repeat(3))
    const events: RagEvent[] = []
    const spans = await openApiChunker({ maxTokens: 20 }).split(yaml, {
      observer: (event) => events.push(event),
    })
    expect(spans).toEqual(await recursiveChunker({ maxTokens: 20 }).split(yaml))
    expect(events.map(({ type, labels }) => [type, labels?.reason])).toEqual([
      ['chunk.fallback', 'malformed-json'],
      ['chunk.document', undefined],
    ])
  })

  it('splits 50,000 operations', async () => {
    const paths = Object.fromEntries(
      Array.from({ length: 25_000 }, (_, at) => [
        `/p${at}`,
        { get: operation(`Get ${at}`), put: operation('Put') },
      ]),
    )
    const document = plain(JSON.stringify({ openapi: '3.1.0', paths }))
    const spans = await openApiChunker().split(document)
    expect(spans.length).toBe(50_001)
    expect(spans.at(-1)?.context).toBe('PUT /p24999: Put')
    expect(spans.at(-1)?.end).toBe(document.text.length)
  })

  it.each([
    [{ maxTokens: 0 }, 'maxTokens'],
    [{ pointerContext: true }, 'an option of openApiChunker'],
  ])('refuses %j', (options, message) => {
    expect(() => openApiChunker(options as OpenApiChunkerOptions)).toThrow(message)
  })
})

describe('laws: openapi', () => {
  const random = seededRandom(8)
  const strings = generateTexts({ seed: 8, count: 60, hugeLineUnits: 400 })
  const text = () => random.pick(strings)
  const texts = Array.from({ length: Math.ceil(count / 2) }, () => {
    const paths = Object.fromEntries(
      Array.from({ length: random.integer(0, 5) }, () => [
        text().slice(0, 60),
        Object.fromEntries(
          ['parameters', 'get', 'post', text(), 'trace']
            .slice(random.integer(0, 4))
            .map((key) => [
              key,
              random.pick<unknown>([{ summary: text(), a: [text(), { b: text() }] }, text(), [], {}, null]),
            ]),
        ),
      ]),
    )
    const value = { openapi: '3.1.0', info: { title: text() }, paths, [text()]: text(), webhooks: paths }
    return JSON.stringify(value, undefined, random.integer(0, 3))
  })
  for (const maxTokens of [40, 9]) {
    describe(`${maxTokens} tokens`, () => {
      const laws = chunkerLaws(() => openApiChunker({ maxTokens }), {
        // Small caps make many chunks, which the laws look at one by one.
        texts: maxTokens < 10 ? texts.slice(0, Math.ceil(count / 20)) : texts,
        document: (id, source) => ({ id, text: source, marks: [], metadata: {} }),
        hugeLineUnits: 1000,
        maxTokens,
        tokenizer: pieceTokenizer(),
      })
      for (const law of laws) it(law.name, () => law.run())
    })
  }
})
