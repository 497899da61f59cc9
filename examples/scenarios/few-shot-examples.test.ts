// A dispatcher's prompt shows a model how such tickets were classified before: the three that are most like the new one.

import { wholeChunker } from '@tesserae/chunkers'
import { and, eq, type Hit, ingest, ne, promptTemplate } from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { texts } from '@tesserae/loaders'
import { staticEmbedder } from '@tesserae/models/static'
import { mmrReranker, reranked } from '@tesserae/rerank'
import { denseRetriever, memoryStore } from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

/** The ticket is what is searched; how it was answered goes along as metadata. */
const example = (id: string, text: string, label: string, approved = true) => ({
  id,
  text,
  metadata: { id, label, approved },
})
const examples = [
  example('e1', 'My parcel has not arrived although it was sent a week ago.', 'delivery'),
  example('e2', 'The package was delivered to the wrong house.', 'delivery'),
  example('e3', 'I was charged twice for one order.', 'billing'),
  example('e4', 'The invoice shows the wrong amount.', 'billing'),
  example('e5', 'I cannot log in, the password is not accepted.', 'account'),
  example('e6', 'Please erase my profile and all that you know about me.', 'account'),
  example('e7', 'The lamp arrived broken.', 'warranty'),
  example('e8', 'The courier says my shipment is lost.', 'delivery'),
  example('e9', 'The courier says that my shipment is lost!', 'delivery'),
  // Nobody has looked at this one, and its label is wrong.
  example('e10', 'Where is my shipment? The courier lost it.', 'billing', false),
]
const classify = promptTemplate({
  id: 'ticket-label',
  version: '3',
  system: 'Answer with one label: delivery, billing, account, warranty.\n\n{examples}',
  user: '{ticket}',
  slots: { examples: { kind: 'text' }, ticket: {} },
})

describe('examples for a prompt, chosen for each question', () => {
  const prepare = async () => {
    const embedder = await staticEmbedder()
    const store = memoryStore({ dimensions: embedder.dimensions })
    await ingest(texts(examples).load(), { chunker: wholeChunker(), embedder, store })
    return { embedder, nearest: denseRetriever({ store, embedder }) }
  }
  const prepared = prepare()
  const ticket = 'The courier cannot find my package.'
  const approved = eq('approved', true)
  const idsOf = (hits: readonly Hit[]) => hits.map(({ chunk }) => chunk.documentId)
  /** The nearest last, next to the question. */
  const shown = (hits: readonly Hit[]) =>
    [...hits]
      .reverse()
      .map(({ chunk }) => `Ticket: ${chunk.text}\nLabel: ${chunk.metadata.label}`)
      .join('\n\n')

  it('are the three nearest that somebody approved, each as it was answered', async () => {
    const { nearest } = await prepared
    const hits = await nearest.retrieve(ticket, { limit: 3, filter: approved })
    expect(idsOf(hits)).toEqual(['e8', 'e9', 'e2'])
    expect(hits.map(({ chunk }) => chunk.metadata.label)).toEqual(['delivery', 'delivery', 'delivery'])
    // The one that nobody approved would have come first, with a wrong label.
    expect(idsOf(await nearest.retrieve(ticket, { limit: 1 }))).toEqual(['e10'])
  })

  it('say different things where two of them are nearly the same', async () => {
    const { embedder, nearest } = await prepared
    const diverse = reranked(nearest, mmrReranker({ embedder, lambda: 0.4 }), { candidates: 6 })
    const ids = idsOf(await diverse.retrieve(ticket, { limit: 3, filter: approved }))
    expect(ids[0]).toBe('e8')
    expect(ids).not.toContain('e9')
  })

  it('stand in the prompt in front of the ticket, and never the ticket itself when it is tested', async () => {
    const { nearest } = await prepared
    const { id, text, metadata } = examples[1]!
    // Leave one out: an example is classified with the others alone.
    const hits = await nearest.retrieve(text, { limit: 3, filter: and(approved, ne('id', id)) })
    expect(idsOf(hits)).not.toContain(id)
    const model = fakeLanguageModel(({ system = '' }) => /Label: (\w+)$/.exec(system)?.[1] ?? 'none')
    const answer = await model.generate(classify.render({ examples: shown(hits), ticket: text }))
    const [{ system, messages }] = model.calls as [(typeof model.calls)[0]]
    expect(system!.match(/^Ticket: /gm)).toHaveLength(3)
    expect(system).not.toContain(text)
    expect(system!.endsWith(`Ticket: ${hits[0]!.chunk.text}\nLabel: ${hits[0]!.chunk.metadata.label}`)).toBe(
      true,
    )
    expect(messages[0]!.content).toBe(`<ticket>\n${text}\n</ticket>`)
    expect(answer.text).toBe(metadata.label)
  })

  it('tell two ways of choosing apart by their revision', () => {
    const { id, version, slots } = classify
    const other = promptTemplate({ id, version, system: 'One label.\n\n{examples}', user: '{ticket}', slots })
    expect(other.revision).not.toBe(classify.revision)
  })
})
