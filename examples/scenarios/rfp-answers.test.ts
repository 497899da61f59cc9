// A bid manager asks the questions of a new request for proposals. Past answers lie in sheets, the rules in a PDF; both are drawn on.

import { csvChunker, recursiveChunker } from '@tesserae/chunkers'
import { assembleContext, eq, ingest, readCitations, toChunks } from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { parseDocument, textFormat } from '@tesserae/loaders'
import { pdfFormat } from '@tesserae/loaders/pdf'
import { hybridRetriever, lexicalRetriever, memoryStore, reciprocalRankFusion } from '@tesserae/retrievers'
import { decomposeRetriever } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'
import { pdfOf } from './pdf-of.js'

/** One file for each sheet of two workbooks. Cells hold commas, quotation marks and line breaks, as such cells do. */
const sheets = {
  '2024-harbour-authority/security.csv': [
    'No.,Question,Answer',
    '1.1,Is data encrypted at rest?,"Yes, with AES-256, on every disk and in every backup."',
    '1.2,Who holds the keys?,"We do, in a hardware module.\nCustomers may bring their own."',
    '1.3,Do you pass on data to others?,"No. We answer such requests with ""no"" and tell you."',
  ],
  '2024-harbour-authority/support.csv': [
    'No.,Question,Answer',
    '2.1,When can support be reached?,"Day and night, by telephone."',
    '2.2,How fast is an outage taken up?,Within thirty minutes.',
  ],
  '2025-city-library/hosting.csv': [
    'Ref;Requirement;Response',
    'H1;Hosting within the country;Both data centres are in the country.',
    'H2;Return of data at the end;"As CSV, within ten days; then deleted."',
  ],
}

describe('answers for a request for proposals', () => {
  const prepare = async () => {
    const answers = memoryStore()
    const documents = await Promise.all(
      Object.entries(sheets).map(([uri, rows]) => {
        const [workbook, sheet] = uri.replace('.csv', '').split('/')
        const bytes = new TextEncoder().encode(rows.join('\r\n'))
        return parseDocument(
          { bytes, uri },
          { format: textFormat(), metadata: { kind: 'answer', workbook: workbook!, sheet: sheet! } },
        )
      }),
    )
    const chunker = csvChunker({ maxTokens: 40 })
    await ingest(
      documents.map((document) => ({ type: 'document' as const, document })),
      { chunker, store: answers },
    )
    const policies = memoryStore()
    const bytes = await pdfOf('Information security policy', [
      [
        '1 Keys',
        'Encryption keys are rotated every ninety days, and at once when somebody leaves who had access.',
      ],
      ['2 Suppliers', 'Suppliers who process data are audited once a year.'],
    ])
    const policy = await parseDocument(
      { bytes, uri: 'policies/security.pdf' },
      { format: pdfFormat(), metadata: { kind: 'policy' } },
    )
    await ingest([{ type: 'document', document: policy }], { chunker: recursiveChunker(), store: policies })
    const both = hybridRetriever(
      [
        lexicalRetriever({ store: answers, name: 'past answers' }),
        lexicalRetriever({ store: policies, name: 'policies' }),
      ],
      { fusion: reciprocalRankFusion() },
    )
    return { documents, chunker, policy, both }
  }
  const prepared = prepare()

  it('accounts for every row of every sheet, and gives each chunk the names of its columns', async () => {
    const { documents, chunker } = await prepared
    const counts: number[] = []
    for (const document of documents) {
      const chunks = toChunks(document, await chunker.split(document))
      counts.push(chunks.length)
      const rows = sheets[document.uri as keyof typeof sheets]
      for (const row of rows) expect(chunks.filter(({ text }) => text.includes(row))).toHaveLength(1)
      for (const { context } of chunks.slice(1)) expect(context).toBe(rows[0])
      // Nothing between the chunks is lost but line ends.
      const rest = chunks.reduceRight(
        (text, { start, end }) => text.slice(0, start) + text.slice(end),
        document.text,
      )
      expect(rest.trim()).toBe('')
    }
    expect(counts).toEqual([3, 2, 2])
  })

  it('answers each part of a question from both indexes, searched apart, and cites sheet and page', async () => {
    const { policy, both } = await prepared
    const questions = [
      'Is data encrypted at rest?',
      'How often are encryption keys rotated?',
      'How fast is an outage taken up?',
    ]
    const planner = fakeLanguageModel(() => JSON.stringify({ questions }))
    const retriever = decomposeRetriever(both, { model: planner, originalWeight: 0 })
    const { hits } = await retriever.retrieveExpanded('Describe encryption, key rotation and support.', {
      limit: 4,
    })
    // Each index has a best hit of its own for each part: two hits rank first or second.
    const bestOf = (part: number) =>
      hits.flatMap(({ chunk, trace }) => {
        const own = trace.find(({ stage }) => stage === `decompose/sub-question-${part}`)
        return own !== undefined && own.rank <= 2 ? [chunk] : []
      })
    expect(bestOf(1).map(({ text }) => text)).toContainEqual(expect.stringContaining('AES-256'))
    expect(bestOf(2).map(({ uri, page }) => [uri, page])).toContainEqual(['policies/security.pdf', '1'])
    expect(bestOf(3).map(({ metadata }) => metadata.sheet)).toContain('support')

    const { text, citations } = await assembleContext(hits, { maxTokens: 600 })
    const cited = citations.find(({ documentId }) => documentId === 'policies/security.pdf')!
    expect(cited.text).toBe(policy.text.slice(cited.start, cited.end))
    expect(text).toContain('rotated every ninety days')
    const writer = fakeLanguageModel([
      `Keys are rotated every ninety days ${cited.marker}. We were founded in 1907 [99].`,
    ])
    const draft = await writer.generate({ messages: [{ role: 'user', content: text }] })
    const { used, unknown } = readCitations(draft.text, citations)
    expect([used.map(({ citation }) => citation.page), unknown.map(({ marker }) => marker)]).toEqual([
      ['1'],
      ['[99]'],
    ])
  })

  it('keeps the two kinds apart where one is wanted', async () => {
    const { both } = await prepared
    const rules = await both.retrieve('Who holds the encryption keys?', { filter: eq('kind', 'policy') })
    expect(rules.map(({ chunk }) => chunk.documentId)).toEqual(['policies/security.pdf'])
    const library = await both.retrieve('return of data', { filter: eq('workbook', '2025-city-library') })
    expect(library[0]!.chunk.text).toContain('within ten days; then deleted.')
  })
})
