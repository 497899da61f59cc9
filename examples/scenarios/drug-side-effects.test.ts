import { structuralChunker } from '@tesserae/chunkers'
import { eq, type Hit, ingest } from '@tesserae/core'
import { texts } from '@tesserae/loaders'
import { markdownFormat } from '@tesserae/loaders/markdown'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, hybridRetriever, lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { synonymRetriever } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

// A patient asks in everyday words ("side effects", "heart attack") what leaflets say in a doctor's.

const leaflets = {
  'cardexol.md': `# Cardexol 5 mg

Tablets against high blood pressure.

## Dosage

One tablet in the morning. The dose may be raised after four weeks.

## Adverse reactions

Dizziness and a dry cough are common. A rash is rare.

## Warnings

After a myocardial infarction the treatment begins in hospital. Call an ambulance for pain in the chest.
`,
  'somnivar.md': `# Somnivar 10 mg

Tablets for a good night.

## Undesirable effects

Drowsiness the next morning. Do not drive.

## Storage

Keep on the cool side of the cupboard. Light has no effects on the tablets.
`,
  'calm.md': `# Staying calm

## Panic

A panic attack is frightening and harmless. The heart races, the hands tremble, and after ten minutes it is over.
`,
}
const synonyms = [
  ['side effects', 'adverse reactions', 'undesirable effects'],
  ['heart attack', 'myocardial infarction'],
]

const embedder = await staticEmbedder()
const open = async () => {
  const store = memoryStore({ dimensions: embedder.dimensions })
  const loader = texts(
    Object.entries(leaflets).map(([id, text]) => ({ id, text, metadata: { leaflet: id } })),
    { format: markdownFormat() },
  )
  await ingest(loader.load(), { chunker: structuralChunker({ minTokens: 0 }), embedder, store })
  const lexical = lexicalRetriever({ store })
  const wide = synonymRetriever(lexical, { synonyms })
  return { lexical, wide, hybrid: hybridRetriever([denseRetriever({ store, embedder }), wide]) }
}
const sections = (hits: readonly Hit[]) =>
  hits.map(({ chunk }) => [chunk.documentId, chunk.headings.at(-1)].join(' '))

describe('everyday words for what the texts say in technical ones', () => {
  it('brings in what the words alone do not find', async () => {
    const { lexical, wide, hybrid } = await open()
    const right = 'cardexol.md Warnings'
    expect(sections(await lexical.retrieve('heart attack'))).toEqual(['calm.md Staying calm'])
    const { hits, queries } = await wide.retrieveExpanded('heart attack')
    expect(queries.map(({ text }) => text)).toEqual(['heart attack', 'heart attack myocardial infarction'])
    expect(sections(hits)).toContain(right)
    // Fused with the search by meaning it stays among the first two of seven sections.
    expect(sections(await hybrid.retrieve('heart attack', { limit: 2 }))).toContain(right)
  })

  it('puts the section of the leaflet first that has another name for it', async () => {
    const { lexical, hybrid } = await open()
    for (const [drug, right] of [
      ['cardexol.md', 'cardexol.md Adverse reactions'],
      ['somnivar.md', 'somnivar.md Undesirable effects'],
    ] as const) {
      const call = { limit: 2, filter: eq('leaflet', drug) }
      const [first, second] = await hybrid.retrieve('what are the side effects?', call)
      expect(sections([first!])).toEqual([right])
      expect(second!.chunk.documentId).toBe(drug)
      expect(first!.trace.map(({ stage }) => stage)).toEqual(
        expect.arrayContaining(['dense', 'synonyms/synonyms', 'hybrid']),
      )
      expect(leaflets[drug].slice(first!.chunk.start, first!.chunk.end)).toBe(first!.chunk.text)
    }
    const alone = await lexical.retrieve('what are the side effects?', {
      filter: eq('leaflet', 'cardexol.md'),
    })
    expect(sections(alone)).not.toContain('cardexol.md Adverse reactions')
  })

  it('asks both ways: a doctor’s word finds the everyday one, and no word is taken apart', async () => {
    const { wide } = await open()
    const { queries } = await wide.retrieveExpanded('myocardial infarction and adverse reactions')
    for (const added of ['heart attack', 'side effects', 'undesirable effects'])
      expect(queries[1]!.text).toContain(added)
    expect((await wide.retrieveExpanded('a heart under attack, and its effects')).queries).toHaveLength(1)
  })
})
