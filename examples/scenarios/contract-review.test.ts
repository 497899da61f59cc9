// In-house counsel asks of a supplier's contract: which guideline does each clause fall under, and which required clause is missing?

import { contractSections, sectionChunker, wholeChunker } from '@tesserae/chunkers'
import { abstainDecision, calibrateMinScore, type Document, eq, ingest, toChunks } from '@tesserae/core'
import { texts } from '@tesserae/loaders'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, memoryStore } from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

const guideline = (id: string, required: boolean, text: string) => ({ id, text, metadata: { required } })
const guidelines = [
  guideline('liability', true, 'Limitation of liability: damages owed by a party are capped at an amount.'),
  guideline(
    'confidentiality',
    true,
    'Confidentiality: secret information of the other party is not disclosed.',
  ),
  guideline(
    'termination',
    true,
    'Term and termination: how long the contract runs, and that each party may terminate it by notice.',
  ),
  guideline(
    'insurance',
    true,
    'Insurance: the supplier maintains liability insurance cover and proves the policy.',
  ),
  guideline(
    'governing-law',
    true,
    'Governing law and jurisdiction: which law applies and which courts decide.',
  ),
  guideline('publicity', false, 'Publicity: use of the customer’s name and logo in advertising.'),
]
const contract = (id: string, clauses: readonly string[]): Document => ({
  id,
  text: ['SUPPLY AGREEMENT', ...clauses.map((clause, index) => `${index + 1}. ${clause}`)].join('\n'),
  marks: [],
  metadata: {},
})
const pallets = contract('pallets.txt', [
  'Secrecy. Neither party discloses confidential information of the other party to anybody, during the contract and for three years after.',
  'Damages. The liability of a party for damages is limited to the amount paid in the year before. No limit holds for gross negligence.',
  'Term and notice. The contract runs for two years. Each party may terminate it by written notice of three months.',
  'Law and courts. Swiss law governs this contract. The courts of Zurich have jurisdiction.',
  'Delivery. Pallets are delivered on weekdays between seven and noon, at the ramp behind the hall.',
])
/** A contract that a lawyer has gone through already: its clauses on secrecy and publicity are missing. */
const reviewed = contract('cleaning.txt', [
  'Cleaning. Windows are cleaned every month, stairs every week.',
  'End. Notice of one month ends this agreement.',
  'Cover. The supplier holds liability insurance of two million and shows the policy on request.',
  'Liability. Damages that a party owes are capped at fifty thousand.',
  'Courts. German law applies; the courts of Bonn decide.',
])
const missingInReviewed = ['confidentiality', 'publicity']

describe('a contract held against the guidelines', () => {
  const prepare = async () => {
    const embedder = await staticEmbedder()
    const { dimensions } = embedder
    const rules = memoryStore({ dimensions })
    await ingest(texts(guidelines).load(), { chunker: wholeChunker(), embedder, store: rules })
    const chunker = sectionChunker({ patterns: contractSections })
    const clausesOf = async (document: Document) => {
      const store = memoryStore({ dimensions })
      await ingest([{ type: 'document', document }], { chunker, embedder, store })
      return denseRetriever({ store, embedder })
    }
    return {
      rules: denseRetriever({ store: rules, embedder }),
      pallets: await clausesOf(pallets),
      reviewed: await clausesOf(reviewed),
    }
  }
  const prepared = prepare()
  /** From which cosine on a clause counts as one on a guideline: learned from the reviewed contract. */
  const threshold = async () => {
    const { reviewed } = await prepared
    const questions = await Promise.all(
      guidelines.map(async ({ id, text }) => {
        const [best] = await reviewed.retrieve(text, { limit: 1 })
        return { score: best!.score, answerable: !missingInReviewed.includes(id) }
      }),
    )
    const { minScore, answered } = calibrateMinScore(questions, 0)!
    expect(answered).toBe(1)
    return minScore
  }

  it('finds the guideline for each clause, and none for what no guideline is about', async () => {
    const { rules } = await prepared
    const minScore = await threshold()
    const spans = await sectionChunker({ patterns: contractSections }).split(pallets)
    const found = await Promise.all(
      toChunks(pallets, spans).map(async ({ text, context }) => {
        const hits = await rules.retrieve(text, { limit: 1 })
        return [context, abstainDecision(hits, { minScore }).abstain ? 'none' : hits[0]!.chunk.documentId]
      }),
    )
    expect(found).toEqual([
      [undefined, 'none'],
      ['1. Secrecy', 'confidentiality'],
      ['2. Damages', 'liability'],
      ['3. Term and notice', 'termination'],
      ['4. Law and courts', 'governing-law'],
      ['5. Delivery', 'none'],
    ])
  })

  it('tells a required clause that is missing from an optional one, and cites those that are there', async () => {
    const { rules, pallets: clauses } = await prepared
    const minScore = await threshold()
    const required = await rules.retrieve('', { limit: 10, filter: eq('required', true) })
    const missing: string[] = []
    const present = new Map<string, string>()
    for (const { chunk: rule } of required) {
      const hits = await clauses.retrieve(rule.text, { limit: 1 })
      if (abstainDecision(hits, { minScore }).abstain) missing.push(rule.documentId)
      else present.set(rule.documentId, pallets.text.slice(hits[0]!.chunk.start, hits[0]!.chunk.end))
    }
    expect(missing).toEqual(['insurance'])
    expect([...present.keys()].sort()).toEqual([
      'confidentiality',
      'governing-law',
      'liability',
      'termination',
    ])
    expect(present.get('termination')).toBe(
      '3. Term and notice. The contract runs for two years. Each party may terminate it by written notice of three months.',
    )
  })
})
