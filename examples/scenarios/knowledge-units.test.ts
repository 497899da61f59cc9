// A research library may not copy the papers it reads. It keeps what each paragraph says as facts, with a fingerprint of where they stand.

import {
  answerSupport,
  assembleContext,
  type Chunk,
  callLanguageModel,
  has,
  mapConcurrent,
  promptTemplate,
  sentenceSpans,
  sha256,
  toChunks,
} from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { parseDocument } from '@tesserae/loaders'
import { markdownFormat } from '@tesserae/loaders/markdown'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { scanChunks } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

const text = [
  'We report an unforeseen finding on the northern slopes. Carpets of peat moss held back 38 % of the meltwater, as our gauges recorded over four springs.',
  'Thanks are due to the wardens, whose coffee never ran out.',
  'Wherever sheep had grazed for a decade, that share sank to 11 %. Fencing brought it back within six years.',
].join('\n\n')

/** What a model reads out of one paragraph: things, how they hang together, and a summary in other words. */
interface KnowledgeUnit {
  readonly entities: readonly string[]
  readonly relations: readonly string[]
  readonly summary: string
}
const units: Readonly<Record<string, KnowledgeUnit>> = {
  meltwater: {
    entities: ['Sphagnum', 'snowmelt'],
    relations: ['Sphagnum retains 38 % of snowmelt'],
    summary: 'Measured in four years: Sphagnum retains 38 % of snowmelt runoff.',
  },
  grazed: {
    entities: ['Sphagnum', 'grazing', 'fences'],
    relations: ['grazing lowers retention to 11 %', 'fences restore retention in 6 years'],
    summary:
      'Ten years of grazing lower the retention of snowmelt to 11 %; behind fences it recovers in 6 years.',
  },
}
const reading = promptTemplate({
  id: 'knowledge-unit',
  version: '1',
  system:
    'State the facts of the paragraph in words of your own, as JSON: entities, relations, summary; null when there are none.',
  user: '{paragraph}',
  slots: { paragraph: {} },
})
const reader = fakeLanguageModel(({ messages }) => {
  const key = Object.keys(units).find((word) => messages[0]!.content.includes(word))
  return key === undefined ? 'null' : JSON.stringify(units[key])
})

const fingerprints = (passage: string) =>
  sentenceSpans(passage).map(({ start, end }) => sha256(passage.slice(start, end).trim()))

/** The unit of a paragraph as something to search: its place and its fingerprints, none of its words. */
async function unitOf(paragraph: Chunk): Promise<readonly Chunk[]> {
  const answer = await callLanguageModel(reader, reading.render({ paragraph: paragraph.text }))
  const unit = JSON.parse(answer.text) as KnowledgeUnit | null
  if (unit === null) return []
  const { entities, relations, summary } = unit
  const metadata = { ...paragraph.metadata, entities, relations, sentences: fingerprints(paragraph.text) }
  const source = { sourceStart: paragraph.start, sourceEnd: paragraph.end }
  return [
    { ...paragraph, start: 0, end: summary.length, text: summary, metadata: { ...metadata, ...source } },
  ]
}

describe('facts of papers whose text is not kept', () => {
  const prepare = async () => {
    const bytes = new TextEncoder().encode(text)
    const paper = await parseDocument(
      { bytes, uri: 'doi:10.5555/moss.2025' },
      { format: markdownFormat(), metadata: { year: 2025 } },
    )
    // A mark is a span: each paragraph that the format saw is a chunk.
    const paragraphs = toChunks(
      paper,
      paper.marks.filter(({ kind }) => kind === 'paragraph'),
    )
    const store = memoryStore()
    for await (const found of mapConcurrent(paragraphs, unitOf, { concurrency: 2 }))
      await store.upsert(found.map((chunk) => ({ chunk, revision: reading.revision })))
    return { paragraphs, store, retriever: lexicalRetriever({ store }) }
  }

  it('reads paragraph by paragraph, and keeps no sentence of the paper', async () => {
    const { paragraphs, store } = await prepare()
    expect(paragraphs.map((paragraph) => paragraph.text)).toEqual(text.split('\n\n'))
    const kept: Chunk[] = []
    for await (const chunk of scanChunks(store, undefined)) kept.push(chunk)
    // The thanks hold no facts.
    expect(kept.map(({ metadata }) => metadata.sourceStart).sort()).toEqual([0, paragraphs[2]!.start])
    const everything = JSON.stringify(kept)
    for (const { start, end } of sentenceSpans(text))
      expect(everything).not.toContain(text.slice(start, end).trim())
  })

  it('is searched by its facts and by its entities', async () => {
    const { retriever } = await prepare()
    const [best] = await retriever.retrieve('How long does it take to recover from grazing?')
    expect(best!.chunk.text).toBe(units.grazed!.summary)
    const onFences = await retriever.retrieve('retention of snowmelt', { filter: has('entities', 'fences') })
    expect(onFences.map(({ chunk }) => chunk.text)).toEqual([units.grazed!.summary])
    expect(onFences[0]!.chunk.metadata.relations).toEqual(units.grazed!.relations)
  })

  it('leads back to the paragraph, and proves it to whoever has the paper', async () => {
    const { retriever } = await prepare()
    const hits = await retriever.retrieve('snowmelt Sphagnum', { limit: 1 })
    const { metadata, documentId } = hits[0]!.chunk
    expect(documentId).toBe('doi:10.5555/moss.2025')
    const place = text.slice(Number(metadata.sourceStart), Number(metadata.sourceEnd))
    expect(place).toMatch(/^We report.*four springs\.$/)
    expect(metadata.sentences).toEqual(fingerprints(place))
    // One changed figure is noticed, in the sentence that it stands in.
    const forged = fingerprints(place.replace('38 %', '83 %'))
    expect(forged.map((one, index) => one === fingerprints(place)[index])).toEqual([true, false])
  })

  it('cites units as evidence of an answer', async () => {
    const { retriever } = await prepare()
    const hits = await retriever.retrieve('What does grazing do to snowmelt?', { limit: 1 })
    const { citations } = await assembleContext(hits, { maxTokens: 200 })
    const { sentences } = await answerSupport(
      'Grazing lowers retention to 11 % [1]. Goats lower it to 5 % [1].',
      citations,
    )
    expect(sentences.map(({ supported }) => supported)).toEqual([true, false])
  })
})
