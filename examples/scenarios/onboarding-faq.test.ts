// A new colleague asks an onboarding assistant, whose knowledge base cuts as such services do unless told otherwise: 300 tokens, whole sentences.

import { fixedChunker, sentence300 } from '@tesserae/chunkers'
import { type Chunk, ingest, pieceTokenizer, sentenceSpans, toChunks } from '@tesserae/core'
import { boundaryAccuracy, chunkSizes, contentCoverage } from '@tesserae/evaluation'
import { parseDocument, textFormat } from '@tesserae/loaders'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, hybridRetriever, lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

const faq = `How do I get my badge? Badges are handed out at reception on the first day, between 8.30 and 10 a.m. Bring an identity card, e.g. a passport. Until then Mr. Keller at the desk lets you in. A lost badge is blocked by calling 4711, and a new one costs 25.50 francs.

When is my salary paid? Salaries are paid on the 25th of each month. If that is a weekend, they are paid on the Friday before. In December the payment comes with half of the thirteenth salary. Statements are found in the portal under "My pay". Questions on taxes are answered by the payroll team, not by your manager.

How many days of holiday do I have? Everybody has 25 days a year, and 27 from the age of 50. In the first year they are counted by the month: 2.1 days for each one. Five days may be taken over until the end of March. Holidays are entered in the calendar at least two weeks ahead. Longer than three weeks at a time needs the consent of the head of department.

Where do I get a computer? It stands on your desk on the first day, with a paper that has the first password. Change it at once. For another screen or a keyboard of another layout, write to the service desk. Programs are installed from the catalogue; what is not there is asked for with a form, which takes about a week. Private devices are not connected to the cable, but may use the guest network.

What do I do when I am ill? Tell your team before nine in the morning, by telephone or message. From the third day on a doctor's certificate is needed, sent to the people team. If you are ill during holidays, the days with a certificate are given back. After an accident, fill in the form for the insurance within two days; it pays 80 % of the salary.

May I work from home? Up to two days a week after the trial period, as agreed with the team. The trial period is three months. On Tuesdays everybody is in the office. Working from another country needs the consent of the legal team, because of taxes and insurance, and is possible for 20 days a year.

Who shows me around? Each newcomer has a companion for the first month, a colleague from another team. You have lunch together in the first week; the company pays. On the first Thursday of each month all newcomers meet the board. Ask everything: nobody expects you to know where the coffee is.`
const source = { bytes: new TextEncoder().encode(faq), uri: 'onboarding.txt' }

describe('an onboarding assistant on default settings', () => {
  const prepare = async () => {
    const document = await parseDocument(source, { format: textFormat() })
    const chunks = toChunks(document, await sentence300().split(document))
    return { document, chunks }
  }
  const tokensOf = ({ text }: Chunk) => pieceTokenizer().ends(text).length

  it('cuts between sentences only, into as many as fit into 300 tokens, and loses nothing', async () => {
    const { document, chunks } = await prepare()
    const sizes = chunkSizes(chunks.map(tokensOf))
    expect([sizes.count, sizes.max <= 300]).toEqual([3, true])
    // Full but for the last: the first sentence of the next chunk would not have fitted.
    for (const [index, chunk] of chunks.slice(0, -1).entries()) {
      const [next] = sentenceSpans(chunks[index + 1]!.text)
      const wider = { ...chunk, text: document.text.slice(chunk.start, chunks[index + 1]!.start + next!.end) }
      expect(tokensOf(wider)).toBeGreaterThan(300)
    }
    expect(contentCoverage(chunks, document.text)).toBe(1)
    expect(boundaryAccuracy(chunks, sentenceSpans(document.text), document.text)).toBe(1)
    for (const { start, end, text } of chunks) expect(text).toBe(document.text.slice(start, end))
  })

  it('tears no abbreviation, no decimal and no time, as plain cuts of 300 tokens tear sentences', async () => {
    const { document, chunks } = await prepare()
    for (const whole of [
      'between 8.30 and 10 a.m. Bring',
      'e.g. a passport',
      'Mr. Keller',
      '25.50 francs',
      '2.1 days',
    ])
      expect(chunks.filter(({ text }) => text.includes(whole))).toHaveLength(1)
    const plain = await fixedChunker({ maxTokens: 300, snap: 'none' }).split(document)
    expect(boundaryAccuracy(plain, sentenceSpans(document.text), document.text)).toBe(0)
  })

  it('answers newcomers with the passage that holds the answer', async () => {
    const embedder = await staticEmbedder()
    const store = memoryStore({ dimensions: embedder.dimensions })
    const { document } = await prepare()
    await ingest([{ type: 'document', document }], { chunker: sentence300(), embedder, store })
    const retriever = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
    const answers = {
      'what does a new badge cost': 'a new one costs 25.50 francs',
      'when do I get paid': 'paid on the 25th of each month',
      'am I allowed to do home office?': 'Up to two days a week after the trial period',
      'I broke my leg, which form?': 'fill in the form for the insurance within two days',
    }
    for (const [question, answer] of Object.entries(answers)) {
      const [best] = await retriever.retrieve(question, { limit: 1 })
      expect(best!.chunk.text).toContain(answer)
    }
  })
})
