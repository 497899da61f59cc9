import { describe, expect, it } from 'vitest'
import { ingest } from './ingest.js'
import { documentLineage } from './lineage.js'
import { sha256 } from './sha256.js'
import { shelfStore } from './shelf-store.js'
import { removeDocument } from './sync.js'
import { document, lineChunker, loaded, recordingEmbedder } from './testing/fakes/recording.js'
import { fakeStore } from './testing/index.js'

describe('documentLineage', () => {
  it('tells which text, chunker and model made what is stored, as long as that is so', async () => {
    const store = shelfStore()
    const source = loaded(document('a', 'one\ntwo'), document('b', 'three'))
    const ids = ['b', 'nobody', 'a']
    const versions = ['three', 'one\ntwo'].map((text) => sha256(text).slice(0, 32))
    await ingest(source, { store, chunker: lineChunker('"lines".2') })
    expect(await documentLineage(store, ids)).toEqual([
      { documentId: 'b', version: versions[0], chunker: '"lines".2', chunks: 1 },
      undefined,
      { documentId: 'a', version: versions[1], chunker: '"lines".2', chunks: 2 },
    ])
    await ingest(source, { store, chunker: lineChunker(), embedder: recordingEmbedder({ id: 'model' }) })
    const [b, , a] = await documentLineage(store, ids)
    expect(b).toMatchObject({ chunker: 'lines', embedder: 'model', dimensions: 2 })
    expect(a).toMatchObject({ version: versions[1], embedder: 'model', chunks: 2 })

    await removeDocument(store, 'b')
    const chunkIds: string[] = []
    for await (const { id } of store.list({ documentId: 'a' })) chunkIds.push(id)
    await store.delete(chunkIds.slice(1))
    expect(await documentLineage(store, ids)).toEqual([undefined, undefined, undefined])
    const chunks: { id: string; revision: string }[] = []
    for await (const { id, revision } of store.list({ documentId: 'a' })) chunks.push({ id, revision })
    for (const seal of ['', 'mine', `${'0'.repeat(32)}.1.0`, `${'0'.repeat(32)}.1.0.{"half}`]) {
      await store.seal([{ documentId: 'a', seal, chunks }])
      expect(await store.seals(['a'])).toEqual([seal])
      expect(await documentLineage(store, ['a'])).toEqual([undefined])
    }
  })

  it('says when a store cannot tell', async () => {
    await expect(documentLineage(fakeStore(), ['a'])).rejects.toMatchObject({ code: 'unsupported' })
  })
})
