import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fixedChunker, hierarchicalChunker, semanticChunker } from '@tesserae/chunkers'
import { and, type Chunker, documentSync, eq, type Filter, gte, ingest, oneOf } from '@tesserae/core'
import { evaluate, type RetrievalDataset, reciprocalRankAt } from '@tesserae/evaluation'
import { directory } from '@tesserae/loaders'
import { staticEmbedder } from '@tesserae/models/static'
import {
  denseRetriever,
  groupByDocument,
  hitsByDocument,
  hybridRetriever,
  lexicalRetriever,
  memoryStore,
} from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

// Developers ask one search over wiki pages, guidelines and resolved tickets of several teams. Which way of cutting the pages
// finds the right page first? The pages are a tenth as long as real ones, and so are the chunks.

const folder = fileURLToPath(new URL('support', import.meta.url))
const embedder = await staticEmbedder()
const strategies: { readonly [name: string]: Chunker } = {
  'fixed 40, 20 %': fixedChunker({ maxTokens: 40, overlapPercent: 20, snap: 'sentence' }),
  'fixed 100, 20 %': fixedChunker({ maxTokens: 100, overlapPercent: 20, snap: 'sentence' }),
  'hierarchical 150 / 30 / 6': hierarchicalChunker({ sizes: [150, 30], overlapTokens: 6 }),
  'semantic 40, 95': semanticChunker({ embedder, maxTokens: 40 }),
}
const questions = [
  ['How long until a customer sees the money again?', 'payments/refunds.md'],
  ['error 4102', 'payments/refunds.md'],
  ['the same event was delivered twice', 'payments/webhooks.md'],
  ['signature of the body does not match', 'payments/webhooks.md'],
  ['order appears two times on the bank statement', 'payments/duplicate-charges.md'],
  ['how many years do we keep invoices', 'storage/retention.md'],
  ['restore a deleted file', 'storage/retention.md'],
  ['sending big videos takes forever', 'storage/slow-uploads.md'],
  ['share a file with somebody outside the company', 'storage/access.md'],
  ['403 although the link is right', 'storage/access.md'],
  ['my page does not show up in the results', 'search/indexing.md'],
  ['what should a good title say', 'search/ranking.md'],
] as const
const dataset: RetrievalDataset = {
  name: 'support',
  documents: [...new Set(questions.map(([, id]) => id))].map((id) => ({ id, title: id, text: '' })),
  queries: questions.map(([text], index) => ({ id: `${index}`, text })),
  relevance: new Map(questions.map(([, id], index) => [`${index}`, new Map([[id, 1]])])),
}
const domainOf = new Map<string, Filter>(
  questions.map(([text, id]) => [text, eq('domain', id.split('/')[0]!)]),
)

const open = async (chunker: Chunker, path = folder) => {
  const store = memoryStore({ dimensions: embedder.dimensions })
  const options = { chunker, embedder, store }
  const report = await ingest(directory(path).load(), options)
  const hybrid = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
  return { store, options, report, hybrid, documents: groupByDocument(hybrid) }
}

/** Mean reciprocal rank at 1 to 5 of the right page, asked with or without the domain. */
async function meanReciprocalRanks(chunker: Chunker, filterOf: (query: string) => Filter | undefined) {
  const { documents } = await open(chunker)
  const search = async (query: string) => {
    const hits = await documents.retrieve(query, { limit: 5, filter: filterOf(query) })
    return hits.map(({ chunk }) => chunk.documentId)
  }
  const metrics = Object.fromEntries([1, 2, 3, 4, 5].map((k) => [k, reciprocalRankAt(k)]))
  return Object.values((await evaluate({ dataset, search, metrics })).means)
}

describe('a search over the knowledge of several teams', () => {
  it.each(Object.entries(strategies))('finds the right page at the top: %s', async (_name, chunker) => {
    const everywhere = await meanReciprocalRanks(chunker, () => undefined)
    const inDomain = await meanReciprocalRanks(chunker, (query) => domainOf.get(query))
    for (const ranks of [everywhere, inDomain]) expect(ranks).toEqual([...ranks].sort((a, b) => a - b))
    expect(everywhere[0]).toBeGreaterThan(0.8)
    expect(inDomain[4]).toBeGreaterThan(0.95)
    // To know the domain never costs a page its rank.
    for (const [index, rank] of inDomain.entries()) expect(rank).toBeGreaterThanOrEqual(everywhere[index]!)
  })

  it('reads domain, year and type from beside each page, and searches nothing of another domain', async () => {
    const { report, hybrid, store } = await open(strategies['fixed 40, 20 %']!)
    expect([report.documents.written, report.failures]).toEqual([8, []])
    const filter = and(eq('domain', 'payments'), gte('year', 2024), oneOf('type', ['wiki', 'resolution']))
    const hits = await hybrid.retrieve('access to files', { limit: 100, filter })
    expect(new Set(hits.map(({ chunk }) => chunk.documentId))).toEqual(
      new Set(['payments/refunds.md', 'payments/duplicate-charges.md']),
    )
    // Every chunk that passes comes back: a filter costs no hits.
    let passing = 0
    for await (const { documentId } of store.list())
      if (/^payments.(refunds|duplicate)/.test(documentId)) passing += 1
    expect(hits.length).toBe(passing)
  })

  it('ranks pages by their best chunk', async () => {
    const { hybrid, documents } = await open(strategies['fixed 40, 20 %']!)
    const query = 'the same event was delivered twice'
    const grouped = hitsByDocument(await hybrid.retrieve(query, { limit: 50 }))
    expect(grouped.every(({ hits, score }) => score === Math.max(...hits.map((hit) => hit.score)))).toBe(true)
    const pages = await documents.retrieve(query, { limit: 3 })
    expect(pages.map(({ chunk }) => chunk.documentId)).toEqual(
      grouped.slice(0, 3).map(({ documentId }) => documentId),
    )
    expect(pages[0]!.chunk.text).toContain('the same event may come twice')
  })

  it('follows what the teams change, and touches nothing else', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'support-'))
    try {
      await cp(folder, copy, { recursive: true })
      const { store, options, documents } = await open(strategies['fixed 40, 20 %']!, copy)
      const search = documentSync(options)
      const first = async (query: string) =>
        (await documents.retrieve(query, { limit: 1 }))[0]?.chunk.documentId
      expect((await search.sync(directory(copy))).documents).toMatchObject({ written: 0, unchanged: 8 })

      const page = join(copy, 'payments/refunds.md')
      await writeFile(page, (await readFile(page, 'utf8')).replace('error 4102', 'error 4711'))
      await rm(join(copy, 'search/ranking.md'))
      await rm(join(copy, 'search/ranking.md.metadata.json'))
      await writeFile(join(copy, 'storage/mirrors.md'), '# Mirrors\n\nMirrors of buckets are kept in Oslo.\n')
      const report = await search.sync(directory(copy))
      expect(report.documents).toMatchObject({ written: 2, unchanged: 6, removed: 1 })
      // Only the two chunks that hold the changed sentence go to the model, and the new page.
      expect(report.chunks.embedded).toBe(3)
      expect(report.chunks.reused).toBeGreaterThan(3)
      expect(await first('error 4711')).toBe('payments/refunds.md')
      expect(await first('mirrors in Oslo')).toBe('storage/mirrors.md')
      for await (const { documentId } of store.list()) expect(documentId).not.toBe('search/ranking.md')
    } finally {
      await rm(copy, { recursive: true })
    }
  })
})
