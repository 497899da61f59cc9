import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { notEnoughInformation } from './answer-prompt.js'
import type { Citation } from './citations.js'
import { assembleContext } from './context.js'
import { ModelError } from './errors.js'
import type { Hit } from './retriever.js'
import { fakeEmbedder, generateTexts } from './testing/index.js'
import { checkGrounding } from './verify-grounding.js'

const passages = [
  'The tenant pays a deposit of two months of rent. It comes back within 30 days.',
  'Pets are allowed in the flat with the written consent of the owner.',
  'Quiet hours are from 22:00 to 07:00.',
]
const hits = passages.map((text, place): Hit => {
  const id = `c${place}`
  const metadata = {}
  const chunk = {
    id,
    documentId: `d${place}`,
    index: 0,
    start: 0,
    end: text.length,
    text,
    headings: [],
    metadata,
  }
  return { chunk, score: 1, trace: [] }
})
const sources = async (): Promise<readonly Citation[]> =>
  (await assembleContext(hits, { maxTokens: 500 })).citations
const check = async (question: string, answer: string) => checkGrounding(question, answer, await sources())

describe('checkGrounding', () => {
  const question = 'How much deposit does the tenant pay?'

  it('passes what is in the sources and was asked, however short', async () => {
    for (const answer of [
      'The tenant pays a deposit of two months of rent [1].',
      'Two months of rent [1].',
      'It is two months of rent [1]. Pets are allowed [2].',
    ])
      expect(await check(question, answer), answer).toMatchObject({ passed: true, reasons: [], relevance: 1 })
  })

  it('tells what is not in the sources from what was not asked', async () => {
    expect(
      await check(question, 'The tenant pays a deposit of five months of salary in gold [1].'),
    ).toMatchObject({
      passed: false,
      reasons: ['ungrounded'],
    })
    expect(
      await check(question, 'Pets are allowed in the flat with the consent of the owner [2].'),
    ).toMatchObject({
      passed: false,
      reasons: ['irrelevant'],
      relevance: 0,
      missing: ['deposit', 'tenant', 'pay'],
    })
    const both = await check(question, 'Bananas grow in Ecuador, mostly.')
    expect(both.reasons).toEqual(['ungrounded', 'irrelevant'])
    expect(both.grounding).toBeLessThan(0.5)
  })

  it('does not take an unsupported sentence for being about what it cites', async () => {
    const { relevance, support } = await check(question, 'Dragons sleep in caves of gold [1].')
    expect(support.unsupported).toHaveLength(1)
    expect(relevance).toBe(0)
  })

  it('lets the answer abstain, and not be empty', async () => {
    expect(await check(question, ` ${notEnoughInformation}\n`)).toMatchObject({
      passed: true,
      abstained: true,
      grounding: 1,
    })
    expect(await check(question, '')).toMatchObject({
      passed: false,
      reasons: ['irrelevant'],
      abstained: false,
    })
  })

  it('takes words that are not to count, and a question of nothing else', async () => {
    const german = 'Wie hoch ist der deposit?'
    const answer = 'Two months of rent [1].'
    expect((await check(german, answer)).reasons).toEqual(['irrelevant'])
    const stopWords = ['wie', 'hoch', 'ist', 'der']
    expect(await checkGrounding(german, answer, await sources(), { stopWords })).toMatchObject({
      passed: true,
    })
    expect((await check('What is it?', 'Quiet hours are from 22:00 to 07:00 [3].')).relevance).toBe(1)
  })

  it('compares meanings where there is an embedder, with thresholds of its own', async () => {
    const embedder = fakeEmbedder({ dimensions: 32 })
    const given = await sources()
    for (const options of [
      { embedder },
      { embedder, threshold: 0.5 },
      { embedder, threshold: 0.5, minGrounding: 0.5 },
    ])
      await expect(checkGrounding(question, 'Yes.', given, options)).rejects.toThrow('embedder')
    const options = { embedder, threshold: 0.2, minGrounding: 0.2, minRelevance: 0.1 }
    const answer = 'Deposit? Two.'
    const { relevance } = await checkGrounding('deposit due', answer, given, options)
    expect(relevance).toBeGreaterThanOrEqual(0.5)
    expect(embedder.calls.some(({ role }) => role === 'query')).toBe(true)
    const gone = async () => {
      throw new ModelError('gone')
    }
    await expect(
      checkGrounding(question, answer, given, { ...options, embedder: { ...embedder, embed: gone } }),
    ).rejects.toThrow('gone')
  })

  it('is bounded for any answer, and lets the caller abort', async () => {
    const given = await sources()
    const texts = generateTexts({ seed: 5, count: 30 }).map((text) => text.slice(0, 500))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...texts), fc.constantFrom(...texts), async (asked, answer) => {
        const { relevance, grounding, passed, reasons } = await checkGrounding(asked, answer, given)
        for (const share of [relevance, grounding]) {
          expect(share).toBeGreaterThanOrEqual(0)
          expect(share).toBeLessThanOrEqual(1)
        }
        expect(passed).toBe(reasons.length === 0)
      }),
    )
    const reason = new Error('enough')
    await expect(checkGrounding(question, 'Yes.', given, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
  })
})
