import { structuralChunker } from '@tesserae/chunkers'
import { assembleContext, ingest, type Retriever } from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { texts } from '@tesserae/loaders'
import { markdownFormat } from '@tesserae/loaders/markdown'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, hybridRetriever, lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { decomposeRetriever } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

// A student asks to compare the first and the second industrial revolution: one question that is really six.

const chapters = [
  {
    id: 'first.md',
    text: `# The first industrial revolution

From about 1760, beginning in Britain.

## Technology

Spinning machines and the steam engine took work out of cottages and into mills.

## Labour

Children of eight years worked twelve hours a day beside the looms.

## Cities

Manchester grew tenfold in a lifetime, faster than its sewers.
`,
  },
  {
    id: 'second.md',
    text: `# The second industrial revolution

From about 1870, led by Germany and the United States.

## Technology

Electric motors, cheap steel and chemical dyes came out of laboratories.

## Labour

The assembly line paid well and left one movement to each worker.

## Cities

Trams and lifts let cities grow outwards and upwards at once.
`,
  },
]
const question = 'Compare the first and the second industrial revolution.'
const parts = [
  'Which technology began in the first industrial revolution?',
  'Which technology began in the second industrial revolution?',
  'How long did children work at the looms of the first industrial revolution?',
  'How did workers fare on the assembly line of the second industrial revolution?',
  'How did Manchester grow in the first industrial revolution?',
  'How did cities with trams and lifts grow in the second industrial revolution?',
]

const embedder = await staticEmbedder()
const open = async (questions: readonly string[]) => {
  const store = memoryStore({ dimensions: embedder.dimensions })
  const loader = texts(chapters, { format: markdownFormat() })
  await ingest(loader.load(), { chunker: structuralChunker({ minTokens: 0 }), embedder, store })
  const hybrid = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
  const model = fakeLanguageModel(() => JSON.stringify({ questions }))
  return { hybrid, model, retriever: decomposeRetriever(hybrid, { model }) }
}

describe('a comparison, taken apart into six questions', () => {
  it('finds for every part its own section, and says which part found it', async () => {
    const { retriever } = await open(parts)
    const { hits, queries } = await retriever.retrieveExpanded(question, { limit: 8 })
    expect(queries.map(({ text }) => text)).toEqual([question, ...parts])
    for (const [index, part] of parts.entries()) {
      const hit = hits.find(({ trace }) =>
        trace.some(({ stage, rank }) => stage === `decompose/sub-question-${index + 1}` && rank === 1),
      )
      const revolution = part.includes('first') ? 'first.md' : 'second.md'
      expect([part, hit?.chunk.documentId]).toEqual([part, revolution])
      expect(hit!.chunk.headings[1]).toBe((['Technology', 'Labour', 'Cities'] as const)[index >> 1])
    }
    expect(new Set(hits.map(({ chunk }) => chunk.id)).size).toBe(hits.length)
  })

  it('asks all parts at once', async () => {
    const { hybrid, model } = await open(parts)
    let [running, most] = [0, 0]
    const watched: Retriever = {
      name: hybrid.name,
      async retrieve(query, options) {
        most = Math.max(most, ++running)
        return hybrid.retrieve(query, options).finally(() => running--)
      },
    }
    await decomposeRetriever(watched, { model }).retrieve(question)
    expect(most).toBeGreaterThanOrEqual(parts.length)
  })

  it('asks no more than six, however many the model thinks of, and none twice', async () => {
    const { retriever } = await open([...parts.slice(0, 2), parts[0]!, question, ...parts])
    const { queries } = await retriever.retrieveExpanded(question)
    expect(queries.length).toBeLessThanOrEqual(7)
    expect(new Set(queries.map(({ text }) => text)).size).toBe(queries.length)
  })

  it('shows both sides in the order of the books, each passage once, and cites the sections', async () => {
    const { retriever } = await open(parts)
    const hits = await retriever.retrieve(question, { limit: 8 })
    const { text, citations, omitted } = await assembleContext(hits, { maxTokens: 600, order: 'document' })
    expect(omitted).toEqual([])
    for (const word of ['steam', 'Electric', 'twelve hours', 'assembly line', 'sewers', 'Trams'])
      expect(text.split(word)).toHaveLength(2)
    for (const { documentId, start, end, text: shown } of citations)
      expect(chapters.find(({ id }) => id === documentId)!.text.slice(start, end)).toBe(shown)
    const places = citations.map(({ documentId, start }) => [documentId, start] as const)
    for (const { id } of chapters) {
      const starts = places.filter(([documentId]) => documentId === id).map(([, start]) => start)
      expect(starts).toEqual([...starts].sort((a, b) => a - b))
    }
  })

  it('asks a simple question as it is', async () => {
    const { hybrid, model, retriever } = await open([])
    const { hits, queries } = await retriever.retrieveExpanded('How did Manchester grow?')
    expect(queries).toHaveLength(1)
    expect(model.calls).toHaveLength(1)
    const plain = await hybrid.retrieve('How did Manchester grow?')
    expect(hits.map(({ chunk }) => chunk.id)).toEqual(plain.map(({ chunk }) => chunk.id))
  })
})
