import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { abstainDecision, calibrateMinScore } from './abstain.js'
import { notEnoughInformation } from './answer-prompt.js'
import type { Citation } from './citations.js'
import { isRagError } from './errors.js'
import type { Hit } from './retriever.js'
import { fakeEmbedder, generateTexts } from './testing/index.js'
import { verifyQuotes } from './verify-quotes.js'
import { answerSupport } from './verify-support.js'

const citation = (number: number, text: string, start = 0): Citation => ({
  marker: `[${number}]`,
  number,
  documentId: `d${number}`,
  start,
  end: start + text.length,
  text,
  headings: [],
  pages: [],
  chunkIds: [`c${number}`],
  score: 1,
  cut: false,
  contextSpan: { start: 0, end: 0 },
  shown: [{ start, end: start + text.length }],
  verbatim: true,
  alsoIn: [],
})
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

const lease = citation(
  1,
  'The tenant’s deposit is two months of\nrent — payable in advance. It is returned within 30 days of the end of the lease.',
  500,
)
const rules = citation(2, 'Pets are welcome in every flat. Quiet hours start at 10 in the evening.')

describe('verifyQuotes', () => {
  const check = (answer: string) => verifyQuotes(answer, [lease, rules])
  const statuses = (answer: string) => check(answer).map(({ status }) => status)

  it('finds a quotation in the passage it cites, whatever its marks, dashes, blanks and case', () => {
    const [quote] = check('It says: "The tenant\'s deposit is two months of rent - payable in advance." [1]')
    expect(quote).toMatchObject({ status: 'verbatim', cited: [lease], start: 10 })
    expect(lease.text.slice(quote!.found!.start - 500, quote!.found!.end - 500)).toBe(
      'The tenant’s deposit is two months of\nrent — payable in advance',
    )
    for (const [open, close] of ['“”', '„“', '«»', '»«', '「」', '""'])
      expect(statuses(`So: ${open}pets are welcome in every flat${close} [2].`)).toEqual(['verbatim'])
  })

  it('tells a wrong citation from a made-up quotation', () => {
    expect(statuses('"Pets are welcome in every flat" [1]')).toEqual(['miscited'])
    expect(statuses('"Pets are not welcome in every flat" [2]')).toEqual(['absent'])
    expect(statuses('"deposit is three months of rent" [1]')).toEqual(['absent'])
    expect(check('"Pets are welcome in every flat" [1]')[0]!.found!.citation).toBe(rules)
    expect(statuses('"ets are welcome in eve"')).toEqual(['absent'])
  })

  it('takes any passage when none is cited', () => {
    const [quote] = check('As it says, "quiet hours start at 10".')
    expect(quote).toMatchObject({ status: 'verbatim', cited: [] })
  })

  it('allows words left out, in order', () => {
    expect(statuses('"The tenant’s deposit is … payable in advance" [1]')).toEqual(['verbatim'])
    expect(statuses('"The [tenant’s] deposit is two months [...] payable in advance." [1]')).toEqual([
      'verbatim',
    ])
    expect(statuses('"payable in advance … The tenant’s deposit is" [1]')).toEqual(['absent'])
  })

  it('reads block quotes', () => {
    const answer = 'The rules:\n> Pets are welcome\n> in every flat. [2]\n\nThat is all.'
    expect(check(answer)).toMatchObject([
      { status: 'verbatim', cited: [rules], text: 'Pets are welcome\n> in every flat.' },
    ])
  })

  it('leaves alone what is no quotation', () => {
    expect(check('The "best" flat, `print("pets are never welcome here")` and 5" by 7" of it.')).toEqual([])
    expect(check('An open " mark of words that never end\n\nand "another one goes on')).toEqual([])
    expect(verifyQuotes('the "best flat" there', [rules], { minWords: 2 }).length).toBe(1)
    expect(() => verifyQuotes('a', [], { minWords: 0 })).toThrow('`minWords`')
  })

  it('finds every slice of a source that is quoted', () => {
    const words = lease.text.split(/\s+/)
    fc.assert(
      fc.property(fc.nat(words.length - 4), fc.integer({ min: 4, max: 12 }), (from, count) => {
        fc.pre(words[from] !== '—')
        const quoted = words.slice(from, from + count).join(' ')
        const [quote] = verifyQuotes(`It says “${quoted}” [1].`, [rules, lease])
        expect(quote?.status).toBe('verbatim')
        const { start, end } = quote!.found!
        expect(lease.text.slice(start - 500, end - 500).split(/\s+/)[0]).toContain(
          words[from]!.replace(/[.,]$/, ''),
        )
      }),
    )
  })

  it('gets through anything', () => {
    for (const text of generateTexts({ seed: 5, count: 200 })) {
      for (const { start, end, text: quote } of verifyQuotes(`${text} "${text.slice(0, 50)}" [1]`, [
        citation(1, text),
      ]))
        expect(quote).toBe(`${text} "${text.slice(0, 50)}" [1]`.slice(start, end))
    }
    for (const hostile of [
      '"'.repeat(100_000),
      '“'.repeat(100_000),
      '>\n'.repeat(50_000),
      '> [1]\n'.repeat(20_000),
      '" a '.repeat(30_000),
      `> a b c 1${'.,'.repeat(60_000)}1`,
      `> ${'( '.repeat(50_000)}`,
      `> ${'['.repeat(100_000)}`,
    ])
      expect(verifyQuotes(hostile, [rules]).length).toBeLessThan(hostile.length)
  })
})

describe('answerSupport', () => {
  const support = (answer: string, citations: readonly Citation[] = [lease, rules]) =>
    answerSupport(answer, citations)

  it('supports what stands there, in other words of the same stem too', async () => {
    const {
      sentences,
      support: whole,
      unsupported,
    } = await support(
      'The deposit is two months of rent [1]. It returns within 30 days. [1] Pets are welcome in the flats [2].',
    )
    expect(
      sentences.map(({ text, cited, supported }) => [text, cited.map(({ number }) => number), supported]),
    ).toEqual([
      ['The deposit is two months of rent [1].', [1], true],
      ['It returns within 30 days. [1]', [1], true],
      ['Pets are welcome in the flats [2].', [2], true],
    ])
    expect(whole).toBeGreaterThan(0.8)
    expect(unsupported).toEqual([])
    const { evidence } = sentences[1]!
    expect(lease.text.slice(evidence!.start - 500, evidence!.end - 500)).toContain('returned within 30 days')
  })

  it('does not support what is made up, nor a wrong figure in the right words', async () => {
    const { sentences } = await support(
      'The landlord must paint the kitchen every spring [1]. It is returned within 90 days of the end of the lease [1].',
    )
    expect(sentences.map(({ supported }) => supported)).toEqual([false, false])
    expect(sentences[1]!.missingFigures).toEqual(['90'])
    expect(sentences[1]!.support).toBe(0)
  })

  it('says when another passage than the cited one supports it', async () => {
    const { sentences } = await support('Pets are welcome in every flat [1].')
    expect(sentences[0]).toMatchObject({ supported: false, betterIn: rules })
    expect((await support('Pets are welcome in every flat.')).sentences[0]).toMatchObject({
      supported: true,
      cited: [],
    })
  })

  it('reads lists and lines as answers have them', async () => {
    const { sentences } = await support(
      '## Pets\n\n1. Pets are welcome [2]\n2. The deposit is **two months** of rent. [1]\n\n[2] says that quiet hours start at 10.\n[1][2]',
    )
    expect(
      sentences.map(({ text, cited, supported }) => [text, cited.map(({ number }) => number), supported]),
    ).toEqual([
      ['## Pets', [], true],
      ['1. Pets are welcome [2]', [2], true],
      ['2. The deposit is **two months** of rent. [1]', [1], true],
      ['[2] says that quiet hours start at 10.\n[1][2]', [2, 1], true],
    ])
  })

  it('finds what one sentence says in two of the source', async () => {
    const { sentences } = await support('Pets are welcome and quiet hours start at 10 [2].')
    expect(sentences[0]!.support).toBeGreaterThan(0.8)
  })

  it('counts an unknown marker as no source, and has nothing to say about nothing', async () => {
    expect((await support('Pets are welcome in every flat [9].')).sentences[0]).toMatchObject({
      cited: [],
      supported: true,
    })
    expect(await support('')).toEqual({ sentences: [], support: 1, unsupported: [] })
    expect((await support('[1]')).support).toBe(1)
    expect((await support(notEnoughInformation)).unsupported).toEqual([])
    expect((await support('Pets are welcome.', [])).support).toBe(0)
  })

  it('can compare meanings as well, with a threshold that is given', async () => {
    const embedder = fakeEmbedder({ dimensions: 16 })
    const same = await answerSupport('Pets are welcome in every flat.', [rules], { embedder, threshold: 0.9 })
    expect(same.sentences[0]!.support).toBeCloseTo(1, 5)
    expect(isRagError(await errorOf(answerSupport('a', [], { embedder })), 'invalid-argument')).toBe(true)
    const down = fakeEmbedder({ dimensions: 16, failOn: () => true })
    expect(await errorOf(answerSupport('Pets.', [rules], { embedder: down, threshold: 0.5 }))).toBeInstanceOf(
      Error,
    )
    const reason = new Error('gone')
    expect(await errorOf(answerSupport('Pets.', [rules], { signal: AbortSignal.abort(reason) }))).toBe(reason)
  })

  it('gets through hostile answers and sources', async () => {
    for (const hostile of [
      'a'.repeat(100_000),
      '1.'.repeat(50_000),
      '[1]'.repeat(3_000),
      '[1]. '.repeat(2_000),
      'ing'.repeat(30_000),
      '漢'.repeat(50_000),
    ]) {
      const { support: share } = await answerSupport(hostile, [citation(1, hostile), rules])
      expect(share).toBeGreaterThan(0.9)
    }
  })

  it('gives places that are slices and shares between 0 and 1, for any text', async () => {
    for (const text of generateTexts({ seed: 9, count: 100 }).filter((one) => one.length < 5_000)) {
      const answer = `${text} [1] ${text} [2]`
      const result = await answerSupport(answer, [citation(1, text, 7), rules])
      let before = 0
      for (const { start, end, text: slice, support: share } of result.sentences) {
        expect(answer.slice(start, end)).toBe(slice)
        expect(start).toBeGreaterThanOrEqual(before)
        expect(share >= 0 && share <= 1).toBe(true)
        before = end
      }
    }
  })

  it('takes what else the answer may draw on for a source, but not for evidence', async () => {
    const answer = 'Our office opens at nine on weekdays [1]. The deposit is two months of rent [1].'
    const alsoFrom = [
      'You answer for Hill Street. Our office opens at nine.',
      'It is closed on Sundays, not on weekdays.',
    ]
    const alone = await support(answer)
    expect(alone.unsupported.map(({ text }) => text)).toEqual(['Our office opens at nine on weekdays [1].'])
    const { sentences, unsupported } = await answerSupport(answer, [lease, rules], { alsoFrom })
    expect(unsupported).toEqual([])
    expect(sentences.map(({ evidence }) => evidence?.citation.number)).toEqual([undefined, 1])
    expect(sentences[0]!.betterIn).toBeUndefined()
    const figures = await answerSupport('The office opens at 10 [1].', [lease], {
      alsoFrom: ['It opens at 10.'],
    })
    expect(figures.sentences[0]!.missingFigures).toEqual([])
    const bad = answerSupport('a', [], { alsoFrom: 'a text' as unknown as string[] })
    expect(isRagError(await errorOf(bad), 'invalid-argument')).toBe(true)
  })
})

describe('abstaining', () => {
  const hits = [0.9, 0.4].map(
    (score, place): Hit => ({
      score,
      trace: [{ stage: 'cross-encoder', kind: 'relevance', rank: 1, score: place === 0 ? -3 : 2 }],
      chunk: {
        id: `${place}`,
        documentId: 'd',
        index: 0,
        start: 0,
        end: 1,
        text: 'a',
        headings: [],
        metadata: {},
      },
    }),
  )

  it('looks at what was found', () => {
    expect(abstainDecision(hits, {})).toEqual({ abstain: false, reasons: [], goodHits: 2, bestScore: 0.9 })
    expect(abstainDecision([], {})).toEqual({ abstain: true, reasons: ['no-hits'], goodHits: 0 })
    expect(abstainDecision([], { minHits: 0 }).abstain).toBe(false)
    expect(abstainDecision(hits, { minScore: 0.5, minHits: 2 })).toMatchObject({
      abstain: true,
      reasons: ['weak-hits'],
      goodHits: 1,
    })
    expect(abstainDecision(hits, { minScore: 0, stage: 'cross-encoder' })).toMatchObject({
      abstain: false,
      goodHits: 1,
      bestScore: 2,
    })
    expect(abstainDecision(hits, { minScore: 0, stage: 'late' }).abstain).toBe(true)
  })

  it('looks at what was answered', async () => {
    const made = await answerSupport('The landlord paints the kitchen [1]. Pets are welcome [2].', [
      lease,
      rules,
    ])
    expect(abstainDecision(hits, { minSupport: 0.9 }, made).reasons).toEqual(['low-support'])
    expect(abstainDecision(hits, { maxUnsupported: 0 }, made).reasons).toEqual(['unsupported-sentences'])
    expect(abstainDecision(hits, { maxUnsupported: 1, minSupport: 0.1 }, made).abstain).toBe(false)
  })

  it('finds the lowest score that keeps its promise', () => {
    const questions = [
      { score: 9, answerable: true },
      { score: 8, answerable: true },
      { score: 7, answerable: false },
      { score: 6, answerable: true },
      { score: 6, answerable: true },
      { score: 2, answerable: false },
    ]
    expect(calibrateMinScore(questions, 0)).toEqual({ minScore: 8, answered: 0.5, wrong: 0 })
    expect(calibrateMinScore(questions, 0.2)).toEqual({ minScore: 6, answered: 1, wrong: 0.2 })
    expect(
      calibrateMinScore(
        [
          { score: 1, answerable: true },
          { score: 2, answerable: false },
        ],
        0.1,
      ),
    ).toBeUndefined()
    for (const wrong of [[], questions.slice(0, 2), [{ score: Number.NaN, answerable: true }, ...questions]])
      expect(() => calibrateMinScore(wrong, 0.1)).toThrow('must be')
    expect(() => abstainDecision(hits, { stage: 'x' })).toThrow('`minScore`')
    expect(() => abstainDecision(hits, { minHits: -1 })).toThrow('`minHits`')
  })
})
