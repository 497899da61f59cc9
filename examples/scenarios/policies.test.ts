import { structuralChunker } from '@tesserae/chunkers'
import { assembleContext, type Chunk, eq, ingest, oneOf, scopeRetriever } from '@tesserae/core'
import { texts } from '@tesserae/loaders'
import { markdownFormat } from '@tesserae/loaders/markdown'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { referenceRetriever, scanChunks } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

// A member of staff asks how long a trip may be claimed. Document A says it, section 3 of B modifies section 3 of A, C modifies
// B, D removes what C says, and not everybody may read all of them.

const policy = (id: string, reader: string, ...sections: readonly string[]) => {
  const parts = [`# Document ${id}`, 'Issued by the management.']
  for (const [index, text] of sections.entries()) parts.push(`## Section ${index + 1}`, text)
  return { id, metadata: { title: `Document ${id}`, reader }, text: parts.join('\n\n') }
}
const policies = [
  policy(
    'A',
    'all',
    'This policy is about travel.',
    'Trains are preferred to planes.',
    'Expenses of a trip are claimed within ninety days of the return.',
  ),
  policy(
    'B',
    'all',
    'This policy changes others.',
    'Car sharing is preferred to taxis. Section 2 expands Document A, Section 2.',
    'The period is two months from now on. Section 3 modifies Document A, Section 3.',
  ),
  policy('C', 'all', 'In May it is one month. Section 1 modifies Document B, Section 3.'),
  policy('D', 'all', 'The exception for May ends. Section 1 removes Document C, Section 1.'),
  policy('E', 'all', 'Nothing new here. Section 1 modifies Document D, Section 1.'),
  policy('S', 'board', 'The board has no limit. Section 1 supersedes Document A, Section 3.'),
]
const question = 'Within how many days are expenses of a trip claimed?'
const kinds = { modifiedBy: 'add', expandedBy: 'add', supersededBy: 'add', removedBy: 'add' } as const
const kindOf = new Map([
  ['modifies', 'modifiedBy'],
  ['expands', 'expandedBy'],
  ['supersedes', 'supersededBy'],
  ['removes', 'removedBy'],
])

/** What amends a section, by "Document A, Section 3", read from "Section 3 modifies Document A, Section 3." */
function amendmentsOf(chunks: readonly Chunk[]) {
  const amendments = new Map<string, { readonly kind: string; readonly id: string }[]>()
  for (const { id, text } of chunks) {
    for (const [, verb, section] of text.matchAll(
      /Section \d+ (modifies|expands|supersedes|removes) (Document \w, Section \d+)\./g,
    )) {
      const known = amendments.get(section!) ?? []
      amendments.set(section!, [...known, { kind: kindOf.get(verb!)!, id }])
    }
  }
  return amendments
}
const sectionOf = ({ headings, metadata }: Chunk) => `${metadata.title}, ${headings.at(-1)}`

const open = async (depth = 3) => {
  const store = memoryStore()
  const loader = texts(policies, { format: markdownFormat() })
  await ingest(loader.load(), { chunker: structuralChunker({ minTokens: 0, softTokens: 1 }), store })
  const chunks: Chunk[] = []
  for await (const chunk of scanChunks(store, undefined)) chunks.push(chunk)
  const amendments = amendmentsOf(chunks)
  const plain = lexicalRetriever({ store })
  const retriever = referenceRetriever(plain, {
    store,
    follow: kinds,
    depth,
    referencesOf: (chunk) => amendments.get(sectionOf(chunk)) ?? [],
  })
  const staff = scopeRetriever(retriever, eq('reader', 'all'))
  return { store, chunks, plain, retriever, staff }
}

describe('policies that amend each other', () => {
  it('finds the section by its words, and its amendments up to three steps away, nearest first', async () => {
    const { plain, staff } = await open()
    expect((await plain.retrieve(question, { limit: 1 })).map(({ chunk }) => sectionOf(chunk))).toEqual([
      'Document A, Section 3',
    ])
    const hits = await staff.retrieve(question, { limit: 10 })
    expect(hits.map(({ chunk }) => sectionOf(chunk))).toEqual([
      'Document A, Section 3',
      'Document B, Section 3',
      'Document C, Section 1',
      'Document D, Section 1',
    ])
    const [found, changed, , removed] = hits
    expect(changed!.score).toBeLessThan(found!.score)
    expect(removed!.trace.map(({ stage }) => stage)).toEqual([
      'lexical',
      'references/modifiedBy',
      'references/modifiedBy',
      'references/removedBy',
      'references',
    ])
    // Document E is four steps away, and what amends other sections is none of this question's business.
    const one = await (await open(1)).staff.retrieve(question, { limit: 10 })
    expect(one.map(({ chunk }) => sectionOf(chunk))).toEqual([
      'Document A, Section 3',
      'Document B, Section 3',
    ])
  })

  it('holds every section on the way to what the reader may see', async () => {
    const { retriever, staff } = await open()
    const seen = async (who: typeof staff) =>
      (await who.retrieve(question, { limit: 10 })).map(({ chunk }) => sectionOf(chunk))
    expect(await seen(staff)).not.toContain('Document S, Section 1')
    const board = scopeRetriever(retriever, oneOf('reader', ['all', 'board']))
    expect(await seen(board)).toContain('Document S, Section 1')
    // Nobody steps over a section that is closed to them: without Document B there is no way from A to C.
    const guests = scopeRetriever(retriever, oneOf('title', ['Document A', 'Document C']))
    expect(await seen(guests)).toEqual(['Document A, Section 3'])
  })

  it('ends where policies amend each other in a circle', async () => {
    const { store, chunks, plain } = await open()
    const ids = ['Document A, Section 3', 'Document B, Section 3'].map(
      (section) => chunks.find((chunk) => sectionOf(chunk) === section)!.id,
    )
    const circle = referenceRetriever(plain, {
      store,
      follow: kinds,
      depth: 10,
      referencesOf: ({ id }) => [{ kind: 'modifiedBy', id: ids[0] === id ? ids[1]! : ids[0]! }],
    })
    const hits = await circle.retrieve(question, { limit: 10 })
    expect(hits.map(({ chunk }) => chunk.id)).toEqual(ids)
  })

  it('cites the original paragraphs, each in its own document', async () => {
    const { staff } = await open()
    const { citations } = await assembleContext(await staff.retrieve(question, { limit: 10 }), {
      maxTokens: 400,
      order: 'score',
    })
    expect(citations.map(({ documentId }) => documentId)).toEqual(['A', 'B', 'C', 'D'])
    for (const { documentId, start, end, text } of citations)
      expect(policies.find(({ id }) => id === documentId)!.text.slice(start, end)).toBe(text)
    expect(citations[1]!.text).toContain('The period is two months from now on.')
  })
})
