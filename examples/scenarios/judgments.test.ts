import { legalSections, sectionChunker } from '@tesserae/chunkers'
import { and, applyEdits, type Document, eq, type Hit, has, ingest, originSpan } from '@tesserae/core'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

// A lawyer asks what a court decided, not what a party argued, and which judgments rely on an earlier case.

const judgments: readonly Document[] = [
  {
    id: 'harbour-v-lind',
    uri: 'judgments/harbour-v-lind.txt',
    marks: [],
    metadata: { court: 'appeal' },
    text: `HARBOUR LTD v LIND

I. Background
The tenant left in March and asked for the deposit back.

II. Arguments
The landlord argued that scratches on the floor are damage. See Oak Ltd v Berg [1998] 2 CR 114. The landlord may keep the deposit, it was said.

III. Decision
Scratches on a floor are ordinary wear. The landlord must return the deposit, as in Mill v Sand [2004] 1 CR 77.
`,
  },
  {
    id: 'quay-v-olsen',
    uri: 'judgments/quay-v-olsen.txt',
    marks: [],
    metadata: { court: 'first instance' },
    text: `QUAY v OLSEN

Background
The tenant kept three cats and burnt the kitchen table.

Decision
A burnt table is damage. The landlord may keep the deposit. Oak Ltd v Berg [1998] 2 CR 114 is followed.
`,
  },
]

/** A reference to a case, such as "Oak Ltd v Berg [1998] 2 CR 114". */
const citation = /(?:\p{Lu}\p{L}+ (?:Ltd )?v \p{Lu}\p{L}+) \[\d{4}\] \d+ CR \d+/gu

/** Takes references to cases out of the text, where they are noise, and into metadata, where they can be asked for. */
function withoutCitations(document: Document): Document {
  const found = [...document.text.matchAll(citation)]
  const edits = found.map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    replacement: 'an earlier case',
    reason: 'citation',
  }))
  const cites = [...new Set(found.map(([text]) => text))]
  return { ...applyEdits(document, edits), metadata: { ...document.metadata, cites } }
}

const open = async () => {
  const store = memoryStore()
  const documents = judgments.map(withoutCitations)
  const chunker = sectionChunker({ patterns: legalSections })
  const loaded = documents.map((document) => ({ type: 'document' as const, document }))
  await ingest(loaded, { chunker, store })
  return { documents, retriever: lexicalRetriever({ store }) }
}
const sectionsOf = (hits: readonly Hit[]) =>
  hits.map(({ chunk }) => `${chunk.documentId}: ${chunk.context ?? 'title'}`)

describe('judgments, by their sections and the cases they cite', () => {
  it('cuts along Background, Arguments and Decision, however they are numbered', async () => {
    const { retriever, documents } = await open()
    const hits = await retriever.retrieve('tenant landlord deposit background arguments decision', {
      limit: 20,
    })
    expect(sectionsOf(hits).sort()).toEqual([
      'harbour-v-lind: Arguments',
      'harbour-v-lind: Background',
      'harbour-v-lind: Decision',
      'quay-v-olsen: Background',
      'quay-v-olsen: Decision',
    ])
    for (const { chunk } of hits) {
      const { text } = documents.find(({ id }) => id === chunk.documentId)!
      expect(text.slice(chunk.start, chunk.end)).toBe(chunk.text)
    }
  })

  it('tells what was decided from what was argued', async () => {
    const { retriever } = await open()
    const hits = await retriever.retrieve('decision: may the landlord keep the deposit?', { limit: 5 })
    expect(sectionsOf(hits)[0]).toBe('quay-v-olsen: Decision')
    const decided = hits.filter(({ chunk }) => chunk.context === 'Decision')
    expect(decided.map(({ chunk }) => chunk.text.includes('argued'))).toEqual([false, false])
  })

  it('finds no passage by a citation in its text, and all judgments that cite a case by metadata', async () => {
    const { retriever } = await open()
    expect(await retriever.retrieve('Berg 1998 CR 114')).toEqual([])
    const cites = has('cites', 'Oak Ltd v Berg [1998] 2 CR 114')
    const hits = await retriever.retrieve('deposit', { limit: 10, filter: cites })
    expect(new Set(hits.map(({ chunk }) => chunk.documentId))).toEqual(
      new Set(['harbour-v-lind', 'quay-v-olsen']),
    )
    const appeal = await retriever.retrieve('deposit', { filter: and(cites, eq('court', 'appeal')) })
    expect(new Set(appeal.map(({ chunk }) => chunk.documentId))).toEqual(new Set(['harbour-v-lind']))
    expect(await retriever.retrieve('deposit', { filter: has('cites', 'Mill v Sand') })).toEqual([])
  })

  it('leads back to the judgment as the court wrote it, citation and all', async () => {
    const { retriever, documents } = await open()
    const [hit] = await retriever.retrieve('scratches ordinary wear return the deposit', { limit: 1 })
    expect(hit!.chunk.text).toContain('as in an earlier case.')
    const document = documents.find(({ id }) => id === hit!.chunk.documentId)!
    const { start, end } = originSpan(document, hit!.chunk)
    expect(judgments[0]!.text.slice(start, end)).toBe(
      'III. Decision\nScratches on a floor are ordinary wear. The landlord must return the deposit, as in Mill v Sand [2004] 1 CR 77.',
    )
  })
})
