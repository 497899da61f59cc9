import { structuralChunker } from '@tesserae/chunkers'
import { assembleContext, eq, ingest, scopeRetriever } from '@tesserae/core'
import { texts } from '@tesserae/loaders'
import { markdownFormat } from '@tesserae/loaders/markdown'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, memoryStore } from '@tesserae/retrievers'
import { referenceRetriever, scanChunks, standIns } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

// A reader asks about a table ("How rich was the second richest person in the list of 2023?"). The rows do not say what
// year they are of, nor much else that a question says. A summary of each table does: it is searched, and leads to them.

const page = {
  id: 'billionaires.md',
  metadata: { topic: 'wealth', access: 'public' },
  text: `# The World's Richest

Fortunes are counted in United States dollars, on one day in the spring of each year. What follows was published in 2022.

| Rank | Name | Fortune (billion) | Source |
| --- | --- | --- | --- |
| 1 | Erik Sandberg | 219 | cars and rockets |
| 2 | Joan Meyer | 171 | online shop |
| 3 | Amélie Durand | 158 | luxury goods |

Fortunes fell in the year after, and most of the fall was in shares. What follows was published in 2023.

| Rank | Name | Fortune (billion) | Source |
| --- | --- | --- | --- |
| 1 | Amélie Durand | 211 | luxury goods |
| 2 | Erik Sandberg | 180 | cars and rockets |
| 3 | Joan Meyer | 114 | online shop |
`,
}
const summaryOf = (year: number) =>
  `The richest people in the list of ${year}: rank, name, how rich each was, and the source of the money.`
const question = 'How rich was the second richest person in the list of 2023?'

const embedder = await staticEmbedder()
const open = async () => {
  const store = memoryStore({ dimensions: embedder.dimensions })
  const chunker = structuralChunker({ maxTokens: 120, minTokens: 0, softTokens: 20 })
  await ingest(texts([page], { format: markdownFormat() }).load(), { chunker, embedder, store })
  const tables = []
  for await (const chunk of scanChunks(store, undefined)) if (chunk.text.startsWith('|')) tables.push(chunk)

  // Whoever indexes a table writes down once what it is about, and where it is.
  const nodes = tables.flatMap((table, index) => {
    const [node] = standIns(table, [summaryOf(2022 + index)], 'summary')
    return [{ ...node!, metadata: { ...node!.metadata, 'ref.table': table.id } }]
  })
  const known = memoryStore({ dimensions: embedder.dimensions })
  for (const chunk of nodes) {
    const vector = await embedder.embed([chunk.text], { role: 'document' })
    await known.upsert([{ chunk, vector, revision: '1' }])
  }
  const summaries = denseRetriever({ store: known, embedder })
  const rows = referenceRetriever(summaries, { store, follow: { table: 'replace' } })
  const plain = denseRetriever({ store, embedder })
  return { store, plain, rows, table: tables[1]!, tables, node: nodes[1]! }
}

describe('a question about a table', () => {
  it('is answered by the rows, which the summary leads to', async () => {
    const { plain, rows, table, tables } = await open()
    expect(tables.map(({ text }) => text.split('\n').length)).toEqual([5, 5])
    // The rows by themselves cannot tell one year from the other.
    expect((await plain.retrieve(question, { limit: 1 }))[0]!.chunk.id).not.toBe(table.id)
    const hits = await rows.retrieve(question, { limit: 1 })
    expect(hits.map(({ chunk }) => chunk.id)).toEqual([table.id])
    expect(hits[0]!.trace.map(({ stage }) => stage)).toEqual(['dense', 'references/table', 'references'])
    // The rows, exactly, with the names of their columns.
    const { chunk } = hits[0]!
    expect(page.text.slice(chunk.start, chunk.end)).toBe(chunk.text)
    expect(chunk.text.split('\n')[3]).toBe('| 2 | Erik Sandberg | 180 | cars and rockets |')
  })

  it('shows the model the rows and not the summary, and cites their place', async () => {
    const { rows } = await open()
    const { text, citations } = await assembleContext(await rows.retrieve(question, { limit: 1 }), {
      maxTokens: 200,
    })
    expect(text).toContain('| 2 | Erik Sandberg | 180 |')
    expect(text).toContain('| Rank | Name | Fortune (billion) | Source |')
    expect(text).not.toContain('source of the money')
    expect(text).not.toContain('219')
    const [{ documentId, start, end }] = citations as [(typeof citations)[0]]
    expect([documentId, page.text.slice(start, end)]).toEqual([
      'billionaires.md',
      expect.stringContaining('Sandberg'),
    ])
  })

  it('gives the summary itself when the table is gone, and no rows to whom they are not for', async () => {
    const { rows, store, table, node } = await open()
    const guests = scopeRetriever(rows, eq('access', 'public'))
    expect((await guests.retrieve(question, { limit: 1 }))[0]?.chunk.id).toBe(table.id)
    // The rows become secret after the summary was written: it stays findable, they do not.
    const vector = await embedder.embed([table.text], { role: 'document' })
    const secret = { ...table, metadata: { ...table.metadata, access: 'staff' } }
    await store.upsert([{ chunk: secret, revision: '2', vector }])
    const [found] = await guests.retrieve(question, { limit: 1 })
    expect(found!.chunk.id).toBe(node.id)
    await store.delete([table.id])
    expect((await rows.retrieve(question, { limit: 1 }))[0]?.chunk.id).toBe(node.id)
  })
})
