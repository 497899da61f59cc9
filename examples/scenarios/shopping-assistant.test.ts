// A shopper asks a retailer's assistant about a product; it answers from the documents only, and no personal data gets into it.

import { recursiveChunker } from '@tesserae/chunkers'
import {
  abstainDecision,
  answerPrompt,
  answerSupport,
  applyEdits,
  assembleContext,
  type Cleaner,
  type Document,
  type Edit,
  ingest,
  type Loaded,
  notEnoughInformation,
  originSpan,
  readCitations,
} from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { texts } from '@tesserae/loaders'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { scanChunks } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

const sources = {
  'kettle.md':
    'The Alba kettle holds 1.7 litres and boils a litre in three minutes. It switches itself off when it is empty. ' +
    'Order 4012888888881882 was the first one sold.',
  'returns.md':
    'Kettles may be returned within 30 days. Reviewed by Eva (eva.brunner@example.com, +41 44 555 01 02), who paid ' +
    'with card 4012 8888 8888 1881 from 192.0.2.17 and returned it after two weeks.',
}

/** Sum of digits by Luhn, which the number of a card passes and most other long numbers do not. */
const isCard = (digits: string) => {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 1 : 2)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}
/** Proposes edits; a detector of names by a model would be another cleaner. */
const personalData: Cleaner = {
  id: 'personal-data',
  edits({ text }) {
    const rules: readonly (readonly [string, RegExp, ((found: string) => boolean)?])[] = [
      ['email', /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g],
      ['card', /\b\d(?:[ -]?\d){12,18}\b/g, (found) => isCard(found.replace(/\D/g, ''))],
      ['address', /\b(?:\d{1,3}\.){3}\d{1,3}\b/g],
      ['phone', /\+\d{1,3}(?: ?\d{2,4}){2,4}\b/g],
    ]
    return rules
      .flatMap(([reason, pattern, holds = () => true]): Edit[] =>
        [...text.matchAll(pattern)].flatMap(({ 0: found, index }) =>
          holds(found)
            ? [{ start: index, end: index + found.length, replacement: `[${reason.toUpperCase()}]`, reason }]
            : [],
        ),
      )
      .sort((a, b) => a.start - b.start)
  },
}
const clean = (document: Document) => applyEdits(document, personalData.edits(document))
async function* cleaned(source: AsyncIterable<Loaded>): AsyncGenerator<Loaded> {
  for await (const item of source)
    yield item.type === 'failure' ? item : { type: 'document', document: clean(item.document) }
}
const secrets = ['eva.brunner@example.com', '+41 44 555 01 02', '4012 8888 8888 1881', '192.0.2.17']

describe('a shopping assistant that answers from product documents', () => {
  const prepare = async () => {
    const store = memoryStore()
    const inputs = Object.entries(sources).map(([id, text]) => ({ id, text }))
    await ingest(cleaned(texts(inputs).load()), { chunker: recursiveChunker({ maxTokens: 40 }), store })
    return { store, retriever: lexicalRetriever({ store }) }
  }
  const ask = async (question: string, answer: string) => {
    const { retriever } = await prepare()
    // The question is cleaned as the documents are, before anything else sees it.
    const asked = clean({ id: 'question', text: question, marks: [], metadata: {} }).text
    const hits = await retriever.retrieve(asked, { limit: 3 })
    const { text: context, citations } = await assembleContext(hits, { maxTokens: 300, format: 'tag' })
    const model = fakeLanguageModel([answer])
    const draft = await model.generate(answerPrompt().render({ context, question: asked }))
    const support = await answerSupport(draft.text, citations)
    const { abstain } = abstainDecision(hits, { minSupport: 0.5, maxUnsupported: 0 }, support)
    const said = abstain ? notEnoughInformation : draft.text
    return { asked, said, citations, support, prompt: JSON.stringify(model.calls) }
  }

  it('keeps what is personal out of the index, and what only looks like it in', async () => {
    const { store } = await prepare()
    let everything = ''
    for await (const { text } of scanChunks(store, undefined)) everything += text
    for (const secret of secrets) expect(everything).not.toContain(secret)
    for (const placeholder of ['[EMAIL]', '[PHONE]', '[CARD]', '[ADDRESS]'])
      expect(everything).toContain(placeholder)
    expect(everything).toContain('Order 4012888888881882')
  })

  it('still knows where every passage stands in the document as it came', async () => {
    const source = { id: 'returns.md', text: sources['returns.md'], marks: [], metadata: {} }
    const document = clean(source)
    const at = document.text.indexOf('[CARD] from')
    const { start, end } = originSpan(document, { start: at, end: at + '[CARD] from'.length })
    expect(source.text.slice(start, end)).toBe('4012 8888 8888 1881 from')
  })

  it('answers from the documents, with citations, and sends the model nothing personal', async () => {
    const { asked, said, citations, support, prompt } = await ask(
      'I am tim@example.org. How many litres does the Alba kettle hold?',
      'The Alba kettle holds 1.7 litres [1].',
    )
    expect(asked).toBe('I am [EMAIL]. How many litres does the Alba kettle hold?')
    for (const secret of [...secrets, 'tim@example.org']) expect(prompt).not.toContain(secret)
    const { used, unknown } = readCitations(said, citations)
    expect([used[0]!.citation.documentId, unknown]).toEqual(['kettle.md', []])
    expect(support.support).toBeGreaterThan(0.9)
  })

  it('holds an answer back that the documents do not support, and names the sentence', async () => {
    const { said, support } = await ask(
      'How many litres does the Alba kettle hold?',
      'The Alba kettle holds 1.7 litres [1]. It comes with a warranty of 10 years [1].',
    )
    expect(said).toBe(notEnoughInformation)
    expect(support.unsupported.map(({ text, missingFigures }) => [text, missingFigures])).toEqual([
      ['It comes with a warranty of 10 years [1].', ['10']],
    ])
  })
})
