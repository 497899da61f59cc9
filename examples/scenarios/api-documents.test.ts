// A developer asks: "How do I cancel an order?" and the answer is one operation of an OpenAPI description, not a page of JSON.

import { openApiChunker } from '@tesserae/chunkers'
import { type Chunk, embeddingText, eq, exists, has, type Metadata, oneOf, toChunks } from '@tesserae/core'
import { parseDocument, textFormat } from '@tesserae/loaders'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, hybridRetriever, lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

const operation = (summary: string, tags: readonly string[], description: string) => ({
  summary,
  tags,
  description,
  responses: { 200: { description: 'Done.' } },
})
const description = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '2.4.0' },
  paths: {
    '/orders': {
      get: operation('List orders', ['orders'], 'Pages through the orders of a customer, newest first.'),
      post: operation('Place an order', ['orders'], 'Reserves stock and charges the payment method.'),
    },
    '/orders/{orderId}': {
      parameters: [{ name: 'orderId', in: 'path', required: true, schema: { type: 'string' } }],
      get: operation('Read an order', ['orders'], 'Lines, totals and where the parcel is.'),
      delete: operation(
        'Cancel an order',
        ['orders', 'refunds'],
        'Until it is packed; what was paid is given back.',
      ),
    },
    '/webhooks': { post: operation('Subscribe', ['events'], 'Calls your address when an order changes.') },
  },
  components: { schemas: { Money: { type: 'object', properties: { cents: { type: 'integer' } } } } },
}

/** What the chunk's context says: `DELETE /orders/{orderId}: Cancel an order`. The tags stand in the description. */
function withOperation(chunk: Chunk): Chunk<Metadata> {
  const [, method, path] = /^([A-Z]+) (\S+?)(?::|$)/.exec(chunk.context ?? '') ?? []
  if (method === undefined || path === undefined) return chunk
  const paths: Record<string, Record<string, unknown>> = description.paths
  const { tags } = paths[path]![method.toLowerCase()] as { readonly tags: readonly string[] }
  return { ...chunk, metadata: { ...chunk.metadata, method, path, tags } }
}

describe('an interface description, searched by operation', () => {
  const prepare = async () => {
    const bytes = new TextEncoder().encode(JSON.stringify(description, null, 2))
    const document = await parseDocument({ bytes, uri: 'openapi.json' }, { format: textFormat() })
    const spans = await openApiChunker({ maxTokens: 400 }).split(document)
    const chunks = toChunks(document, spans).map(withOperation)
    const embedder = await staticEmbedder()
    const vectors = await embedder.embed(chunks.map(embeddingText), { role: 'document' })
    const store = memoryStore({ dimensions: embedder.dimensions })
    const row = (index: number) =>
      vectors.subarray(index * embedder.dimensions, (index + 1) * embedder.dimensions)
    await store.upsert(chunks.map((chunk, index) => ({ chunk, vector: row(index), revision: '2.4.0' })))
    const retriever = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
    return { document, chunks, retriever }
  }

  it('is cut into one chunk for each operation, whole, with path, method and tags', async () => {
    const { document, chunks } = await prepare()
    const operations = chunks.filter(({ metadata }) => metadata.method !== undefined)
    expect(operations.map(({ metadata }) => `${metadata.method} ${metadata.path}`)).toEqual([
      'GET /orders',
      'POST /orders',
      'GET /orders/{orderId}',
      'DELETE /orders/{orderId}',
      'POST /webhooks',
    ])
    for (const { start, end, text } of chunks) expect(text).toBe(document.text.slice(start, end))
    const cancel = operations[3]!
    expect(cancel.context).toBe('DELETE /orders/{orderId}: Cancel an order')
    expect(cancel.text).toContain('Until it is packed; what was paid is given back.')
    expect(cancel.text).not.toContain('Read an order')
    // What the operations of a path share is not lost: it stands with the first.
    expect(operations[2]!.text).toContain('"name": "orderId"')
    expect(chunks.some(({ text }) => text.includes('"Money"'))).toBe(true)
  })

  it('answers with the operation, also when it is asked for in other words', async () => {
    const { retriever } = await prepare()
    for (const question of ['How do I cancel an order?', 'undo a purchase and get a refund']) {
      const [best] = await retriever.retrieve(question, { filter: exists('method') })
      expect(best!.chunk.metadata).toMatchObject({ method: 'DELETE', path: '/orders/{orderId}' })
    }
  })

  it('filters by method, path and tag', async () => {
    const { retriever } = await prepare()
    const pathsOf = async (filter: Parameters<typeof retriever.retrieve>[1]) =>
      (await retriever.retrieve('order', filter)).map(
        ({ chunk }) => `${chunk.metadata.method} ${chunk.metadata.path}`,
      )
    expect(await pathsOf({ filter: has('tags', 'refunds') })).toEqual(['DELETE /orders/{orderId}'])
    expect((await pathsOf({ filter: eq('path', '/orders') })).sort()).toEqual(['GET /orders', 'POST /orders'])
    const reading = await pathsOf({ filter: oneOf('method', ['GET', 'HEAD']), limit: 9 })
    expect(reading.sort()).toEqual(['GET /orders', 'GET /orders/{orderId}'])
  })
})
