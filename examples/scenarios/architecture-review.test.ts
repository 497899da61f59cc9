// An architect uploads a design as PDF and asks for a review: each question of a guidance corpus is answered from it, or left open.

import { structuralChunker } from '@tesserae/chunkers'
import {
  abstainDecision,
  and,
  assembleContext,
  type Document,
  eq,
  type Hit,
  ingest,
  notEnoughInformation,
  oneOf,
} from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { parseDocument, texts } from '@tesserae/loaders'
import { markdownFormat } from '@tesserae/loaders/markdown'
import { pdfFormat } from '@tesserae/loaders/pdf'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, memoryStore } from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'
import { pdfOf } from './pdf-of.js'

const guide = (id: string, text: string, pillar: string, lens = 'general') => {
  return { id, text, metadata: { pillar, lens } }
}
const guidance = [
  guide('backup', 'Back data up automatically and restore it regularly as a test.', 'reliability'),
  guide('scaling', 'Add and remove servers automatically as demand changes.', 'reliability'),
  guide('cold-start', 'Keep functions warm that must answer at once.', 'reliability', 'serverless'),
  guide('encryption', 'Encrypt data at rest, and rotate the encryption keys.', 'security'),
  guide('access', 'Grant people the least privileges, with several factors to sign in.', 'security'),
  guide('carbon', 'Choose regions with a low carbon intensity of electricity.', 'sustainability'),
]
const questions = [
  { pillar: 'reliability', text: 'How do you back up data and test that it can be restored?' },
  { pillar: 'reliability', text: 'How are servers added and removed as demand changes?' },
  { pillar: 'security', text: 'How is data encrypted at rest, and who rotates the keys?' },
  { pillar: 'sustainability', text: 'How do you choose regions by carbon intensity?' },
]
const design = [
  ['Overview', 'The shop takes orders from customers and sends them to the warehouse.'],
  ['Backup', 'The database is backed up every night. A restore is tested in the first week of each month.'],
  ['Demand', 'Servers are added above a load of seventy percent, and removed at night as demand falls.'],
  ['Encryption', 'Data at rest is encrypted. Encryption keys are rotated once a year by the platform team.'],
]
/** Below this cosine the design does not speak of the matter. `calibrateMinScore` finds it on reviews of your own. */
const minScore = 0.35

const idsOf = (hits: readonly Hit[]) => hits.map(({ chunk }) => chunk.documentId)

describe('the review of an uploaded design', () => {
  const prepare = async () => {
    const embedder = await staticEmbedder()
    const chunker = structuralChunker({ minTokens: 0 })
    const store = () => memoryStore({ dimensions: embedder.dimensions })
    const [rules, uploads] = [store(), store()]
    await ingest(texts(guidance).load(), { chunker, embedder, store: rules })
    const bytes = await pdfOf('Shop', design)
    const upload = await parseDocument(
      { bytes, uri: 'uploads/shop.pdf' },
      { format: pdfFormat(), metadata: { kind: 'upload' } },
    )
    const add = (document: Document) =>
      ingest([{ type: 'document', document }], { chunker, embedder, store: uploads })
    await add(upload)
    return {
      upload,
      add,
      rules: denseRetriever({ store: rules, embedder }),
      uploads: denseRetriever({ store: uploads, embedder }),
    }
  }
  const prepared = prepare()

  /** One question, held against the guidance of its pillar and what the design says. */
  async function review(query: string, pillar: string, lenses = ['general']) {
    const { rules, uploads } = await prepared
    const filter = and(eq('pillar', pillar), oneOf('lens', lenses))
    const advice = await rules.retrieve(query, { limit: 2, filter })
    const evidence = await uploads.retrieve(query, { limit: 2, filter: eq('kind', 'upload') })
    const good = evidence.filter(({ score }) => score >= minScore)
    const { abstain, reasons } = abstainDecision(evidence, { minScore })
    const context = await assembleContext([...advice, ...good], { maxTokens: 500 })
    return { advice: idsOf(advice), pages: good.map(({ chunk }) => chunk.page), abstain, reasons, context }
  }

  it('goes deep: each question with the guidance of its pillar and lens, and the page of the design', async () => {
    const { upload } = await prepared
    const reviews = await Promise.all(questions.map(({ text, pillar }) => review(text, pillar)))
    expect(reviews.map(({ advice }) => advice[0])).toEqual(['backup', 'scaling', 'encryption', 'carbon'])
    // Nothing of another lens, and of another pillar not even where there is too little of this one.
    expect(reviews.flatMap(({ advice }) => advice)).not.toContain('cold-start')
    expect(reviews[3]!.advice).toEqual(['carbon'])
    expect(reviews.map(({ pages }) => pages)).toEqual([['2'], ['3'], ['4'], []])
    const cited = reviews[0]!.context.citations.find(({ documentId }) => documentId === upload.uri)!
    expect([cited.page, cited.text]).toEqual(['2', upload.text.slice(cited.start, cited.end)])
    expect(cited.text).toContain('A restore is tested in the first week of each month.')
    // What the design does not speak of is flagged, not made up.
    expect(reviews.map(({ reasons }) => reasons)).toEqual([[], [], [], ['weak-hits']])
  })

  it('goes quick: one search for each pillar, with the questions of the pillar together', async () => {
    const pillars = [...new Set(questions.map(({ pillar }) => pillar))]
    const found = await Promise.all(
      pillars.map(async (pillar) => {
        const asked = questions.filter((question) => question.pillar === pillar)
        const { advice, pages, abstain } = await review(asked.map(({ text }) => text).join(' '), pillar)
        return { pillar, advice: advice.sort(), pages: pages.sort(), abstain }
      }),
    )
    expect(found).toEqual([
      { pillar: 'reliability', advice: ['backup', 'scaling'], pages: ['2', '3'], abstain: false },
      { pillar: 'security', advice: ['access', 'encryption'], pages: ['4'], abstain: false },
      { pillar: 'sustainability', advice: ['carbon'], pages: [], abstain: true },
    ])
    const serverless = await review('How are functions kept warm?', 'reliability', ['general', 'serverless'])
    expect(serverless.advice[0]).toBe('cold-start')
  })

  it('writes a report, and the chat answers from the report and the upload', async () => {
    const { add, uploads } = await prepared
    const model = fakeLanguageModel(({ messages }) => {
      const { content } = messages[0]!
      const marker = /(\[\d\]) Encryption/.exec(content)?.[1]
      return marker === undefined ? 'As the guidance asks.' : `Keys are rotated too seldom ${marker}.`
    })
    const parts: string[] = ['# Review of the shop']
    for (const { text, pillar } of questions) {
      const { abstain, context } = await review(text, pillar)
      const request = { messages: [{ role: 'user' as const, content: context.text }] }
      const answer = abstain ? notEnoughInformation : (await model.generate(request)).text
      parts.push(`## ${text}`, answer)
    }
    expect(model.calls).toHaveLength(3)
    const bytes = new TextEncoder().encode(parts.join('\n\n'))
    const report = { bytes, uri: 'reports/shop.md' }
    await add(await parseDocument(report, { format: markdownFormat(), metadata: { kind: 'report' } }))

    const ofReport = { filter: eq('kind', 'report'), limit: 1 }
    const [risk] = await uploads.retrieve('Which keys are rotated too seldom?', ofReport)
    expect(risk!.chunk.text).toMatch(/Keys are rotated too seldom \[\d\]\./)
    const [carbon] = await uploads.retrieve('What does the review say on carbon intensity?', { limit: 1 })
    expect(carbon!.chunk.documentId).toBe('reports/shop.md')
    expect(carbon!.chunk.text).toBe(`## ${questions[3]!.text}\n\n${notEnoughInformation}`)
    const [night] = await uploads.retrieve('When are servers removed at night?', { limit: 1 })
    expect([night!.chunk.uri, night!.chunk.page]).toEqual(['uploads/shop.pdf', '3'])
  })
})
