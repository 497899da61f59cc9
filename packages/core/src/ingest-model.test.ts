import { describe, expect, it } from 'vitest'
import type { Document, Metadata } from './document.js'
import { ingest } from './ingest.js'
import { planIngest } from './plan-ingest.js'
import { shelfStore } from './shelf-store.js'
import { forgettingStore, versionedStore } from './store-writes.js'
import { documentSync } from './sync.js'
import { document, lineChunker, loaded, recordingEmbedder, vectorOf } from './testing/fakes/recording.js'
import { type Random, seededRandom } from './testing/index.js'

// The model is what a user has in mind: a set of documents. Whatever happened on the way, a store that was brought
// up to date holds what an empty store would after one run over the same documents, and no model was asked for
// nothing.

interface Configuration {
  readonly chunker: string
  readonly context: string | undefined
  readonly embedder: string
  readonly compare: 'documents' | 'chunks'
}

type Step = 'edit' | 'metadata' | 'delete' | 'rename' | 'move' | 'configure' | 'add'

const steps: readonly Step[] = ['edit', 'metadata', 'delete', 'rename', 'move', 'configure', 'add', 'add']

function randomText(random: Random): string {
  const lines = Array.from(
    { length: random.integer(0, 4) },
    () => `line ${random.integer(0, 30)} ${'é😀'.repeat(random.integer(0, 1))}`,
  )
  return [...new Set(lines)].join(random.integer(0, 1) === 0 ? '\n' : '\n \n')
}

function randomMetadata(random: Random): Metadata {
  return { year: random.integer(2020, 2022), tags: ['x', 'y'].slice(random.integer(0, 1)) }
}

/** Changes the corpus and the configuration by one step. */
function change(random: Random, corpus: Map<string, Document>, configuration: Configuration): Configuration {
  const step = steps[random.integer(0, steps.length - 1)]!
  const ids = [...corpus.keys()]
  const id = ids[random.integer(0, Math.max(0, ids.length - 1))]
  const old = id === undefined ? undefined : corpus.get(id)
  if (step === 'configure') {
    const part = random.integer(0, 2)
    if (part === 0) return { ...configuration, chunker: `lines/${random.integer(0, 1)}` }
    if (part === 1) return { ...configuration, context: random.integer(0, 1) === 0 ? undefined : 'context' }
    return { ...configuration, embedder: `model ${random.integer(0, 1)}` }
  }
  if (step === 'add' || id === undefined || old === undefined) {
    const added = `d${random.integer(0, 8)}`
    corpus.set(added, document(added, randomText(random), { metadata: randomMetadata(random) }))
  } else if (step === 'edit') corpus.set(id, { ...old, text: randomText(random) })
  else if (step === 'metadata') corpus.set(id, { ...old, metadata: randomMetadata(random) })
  else if (step === 'delete') corpus.delete(id)
  else if (step === 'rename') {
    corpus.delete(id)
    corpus.set(`${id}'`, { ...old, id: `${id}'`, uri: `${id}'` })
  } else {
    const other = ids[random.integer(0, ids.length - 1)]!
    const target = corpus.get(other)!
    if (other !== id && !target.text.includes(old.text) && !old.text.includes(target.text)) {
      corpus.set(id, { ...old, text: '' })
      corpus.set(other, { ...target, text: `${old.text}\n${target.text}` })
    }
  }
  return configuration
}

function options(
  { chunker, context, embedder, compare }: Configuration,
  embedding = recordingEmbedder({ id: embedder }),
) {
  // What a chunker with the same id does otherwise is only found by splitting again.
  const id = compare === 'chunks' ? chunker : `${chunker}/${context}`
  return {
    chunker: lineChunker(id, context),
    compare,
    embedder: embedding,
    retry: false as const,
    removeMissing: true,
    maxBatchDelayMs: 0,
  }
}

async function contentOf(store: ReturnType<typeof shelfStore>) {
  const refs: { readonly id: string; readonly revision: string }[] = []
  for await (const { id, revision } of store.list()) refs.push({ id, revision })
  refs.sort((a, b) => (a.id < b.id ? -1 : 1))
  const ids = refs.map(({ id }) => id)
  return { refs, chunks: await store.get(ids), vectors: await store.vectors(ids) }
}

describe('ingest, sync, upsert and remove against a set of documents', () => {
  it.each([1, 2, 3, 4])(
    'end where one run from nothing ends, on random histories (seed %i)',
    async (seed) => {
      const random = seededRandom(seed)
      let reused = 0
      let interrupted = 0
      for (let sequence = 0; sequence < 60; sequence++) {
        const inner = shelfStore()
        const store = forgettingStore(versionedStore(inner), [])
        const corpus = new Map<string, Document>()
        let configuration: Configuration = {
          chunker: 'lines/0',
          context: undefined,
          embedder: 'model 0',
          compare: sequence % 2 === 0 ? 'documents' : 'chunks',
        }
        for (let round = 0; round < 6; round++) {
          for (let n = random.integer(0, 3); n > 0; n--) configuration = change(random, corpus, configuration)
          if (corpus.size === 0) corpus.set('d0', document('d0', 'line 1'))
          const source = loaded(...corpus.values())

          const before = random.integer(0, 2)
          if (before === 0) {
            // A run that dies somewhere: at a call to the model, or told to stop.
            const stop = new AbortController()
            let calls = random.integer(1, 3)
            const dying = recordingEmbedder({
              id: configuration.embedder,
              maxBatchSize: 2,
              before: () => {
                calls -= 1
                if (calls === 0) random.integer(0, 1) === 0 ? stop.abort(new Error('stop')) : boom()
              },
            })
            await ingest(source, { ...options(configuration, dying), store, signal: stop.signal }).catch(
              () => {},
            )
            interrupted += 1
          } else if (before === 1) {
            // Some documents by events first.
            const base = documentSync({ ...options(configuration), store })
            for (const item of corpus.values()) if (random.integer(0, 1) === 0) await base.upsert(item)
            const gone = `d${random.integer(0, 8)}`
            await base.remove(gone)
          }

          const plan = await planIngest(source, { ...options(configuration), store })
          const report = await ingest(source, { ...options(configuration), store })
          expect(report.failures).toEqual([])
          expect(plan.chunks.embed).toBe(report.chunks.embedded)
          reused += report.chunks.reused

          const fresh = shelfStore()
          await ingest(source, { ...options(configuration), store: fresh })
          const content = await contentOf(inner)
          expect(content).toEqual(await contentOf(fresh))
          for (const [place, chunk] of content.chunks.entries()) {
            const text = chunk?.context === undefined ? chunk?.text : `${chunk.context}\n${chunk.text}`
            expect([...(content.vectors[place] ?? [])]).toEqual([...Float32Array.from(vectorOf(text ?? ''))])
          }

          const idle = options(configuration)
          const again = await ingest(source, { ...idle, store })
          expect(again.chunks).toMatchObject({ written: 0, deleted: 0, embedded: 0 })
          expect(idle.embedder.calls).toEqual([])
        }
      }
      expect(reused).toBeGreaterThan(50)
      expect(interrupted).toBeGreaterThan(50)
    },
  )
})

function boom(): never {
  throw new Error('the model failed')
}
