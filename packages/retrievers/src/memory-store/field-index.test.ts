import { type Chunk, isRagError, toChunks } from '@tesserae/core'
import { storeLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { bm25Index } from '../bm25/index.js'
import { chunkFields } from './field-index.js'
import type { MemoryStoreOptions } from './memory-store.js'
import { memoryStore } from './store.js'

const fields = { headings: { weight: 3 }, context: {}, text: {} }

function chunk(heading: string, text: string): Chunk {
  const whole = `${heading}\n${text}`
  const marks = [{ kind: 'heading' as const, start: 0, end: heading.length, level: 1 }]
  const document = { id: heading, text: whole, marks, metadata: {} }
  return toChunks(document, [{ start: heading.length + 1, end: whole.length }])[0]!
}

describe('a store with fields', () => {
  describe('keeps the laws of stores', () => {
    // Without headings: the laws look for words of the text alone.
    const indexedText = ({ context, text }: Chunk) => ({ context, text })
    const make = () => memoryStore({ lexicalIndex: () => bm25Index({ fields }), indexedText })
    for (const law of storeLaws(make, { text: true })) it(law.name, () => law.run())
  })

  it('ranks a chunk under a heading above one that only says its word, and explains it', async () => {
    const store = memoryStore({ lexicalIndex: () => bm25Index({ fields }), indexedText: chunkFields })
    const chunks = [
      chunk('Noise', 'A deposit is not asked for quiet hours.'),
      chunk('Deposit', 'Who pays two months before moving in.'),
    ]
    await store.upsert(chunks.map((one) => ({ chunk: one, revision: '1' })))
    const found = await store.searchByText('deposit', { limit: 2 })
    expect(found.map((hit) => hit.chunk.documentId)).toEqual(['Deposit', 'Noise'])
    const explained = await store.explainText('deposit', found[0]!.chunk.id)
    expect(JSON.stringify(explained)).toContain('times in \\"headings\\" × 3')
  })

  it('says what does not fit before anything is stored', async () => {
    const attempts: MemoryStoreOptions[] = [
      { indexedText: chunkFields },
      { indexedText: chunkFields, lexicalIndex: () => bm25Index({ fields: { text: {} } }) },
    ]
    for (const options of attempts) {
      const store = memoryStore(options)
      const thrown = await store.upsert([{ chunk: chunk('A', 'b'), revision: '1' }]).catch((error) => error)
      expect(isRagError(thrown, 'incompatible')).toBe(true)
      expect(store.size).toBe(0)
    }
  })
})
