import { describe, expect, it } from 'vitest'
import type { Chunker } from './chunker.js'
import { RagError } from './errors.js'
import type { IngestedDocument } from './ingest-report.js'
import type { Loaded } from './loader.js'
import { document, loaded, setup, texts } from './testing/fakes/recording.js'

describe('ingest: removing what is missing', () => {
  const bad: Loaded = {
    type: 'failure',
    uri: 'docs/archive',
    error: new RagError('load-failed', 'cannot read it'),
  }

  async function filled() {
    const made = setup()
    await made.run(
      loaded(
        document('docs/a', 'one'),
        document('docs/archive/b', 'two\nthree'),
        document('id-c', 'four', { uri: 'docs/archive#c' }),
        document('id-d', 'five', { uri: undefined }),
        document('docs/e', 'six'),
      ),
    )
    made.store.log.length = 0
    return made
  }

  it('is off unless asked for', async () => {
    const { store, run } = await filled()
    const report = await run(loaded(document('docs/a', 'one')))
    expect(report.removal).toBe('off')
    expect(store.log).toEqual([])
  })

  it('removes what the source no longer gives', async () => {
    const { store, run } = await filled()
    const seen: IngestedDocument[] = []
    const report = await run(loaded(document('docs/a', 'one'), document('docs/e', 'six')), {
      removeMissing: true,
      onDocument: (result) => seen.push(result),
    })
    expect(report).toMatchObject({ removal: 'done', documents: { removed: 3 }, chunks: { deleted: 4 } })
    expect(texts(store)).toEqual(['one', 'six'])
    expect(store.log).toEqual([['delete', 'two', 'three', 'four', 'five']])
    expect(seen.filter(({ status }) => status === 'removed').map(({ documentId }) => documentId)).toEqual([
      'docs/archive/b',
      'id-c',
      'id-d',
    ])
  })

  it('removes nothing when something could not be loaded', async () => {
    const { store, run } = await filled()
    const report = await run([...loaded(document('docs/a', 'one')), bad], { removeMissing: true })
    expect(report).toMatchObject({ removal: 'kept-load-failures', documents: { removed: 0 } })
    expect(store.log).toEqual([])
  })

  it('removes what cannot have to do with the failures, when told so', async () => {
    const { store, run } = await filled()
    const report = await run([...loaded(document('docs/a', 'one')), bad], { removeMissing: 'unrelated' })
    expect(report).toMatchObject({ removal: 'done', documents: { removed: 1 } })
    expect(texts(store)).toEqual(['five', 'four', 'one', 'three', 'two'])
  })

  it('removes nothing when the source gives nothing, or what another source owns', async () => {
    const { store, run } = await filled()
    expect((await run([], { removeMissing: true })).removal).toBe('kept-no-documents')
    await run(loaded(document('docs/a', 'one')), {
      removeMissing: true,
      owns: (id) => id.startsWith('docs/'),
    })
    expect(texts(store)).toEqual(['five', 'four', 'one'])
  })

  it('keeps a document that was given and failed', async () => {
    const { store, run } = await filled()
    const chunker: Chunker = { id: 'broken', split: async () => Promise.reject(new Error('no')) }
    const report = await run(loaded(document('docs/a', 'ONE')), { removeMissing: true, chunker })
    expect(report.documents).toMatchObject({ failed: 1, removed: 4 })
    expect(texts(store)).toEqual(['one'])
  })

  it('reports what could not be removed', async () => {
    const { store, run } = await filled()
    store.delete = async () => Promise.reject(new RagError('store-failed', 'read only'))
    const report = await run(loaded(document('docs/a', 'one')), { removeMissing: true })
    expect(report.failures.map(({ documentId, stage }) => [documentId, stage])).toEqual([
      ['docs/archive/b', 'store'],
      ['id-c', 'store'],
      ['id-d', 'store'],
      ['docs/e', 'store'],
    ])
    expect(report.documents).toMatchObject({ removed: 0, failed: 4 })
  })
})
