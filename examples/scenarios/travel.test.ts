import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sentence300 } from '@tesserae/chunkers'
import { and, bindFilter, eq, has, ingest, oneOf, placeholder } from '@tesserae/core'
import { directory } from '@tesserae/loaders'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, hybridRetriever, lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

// Travellers who filled in a questionnaire ask what to do on their trip, and are answered from reviews of other travellers.

const reviews = {
  'london-1.txt': [
    'We took our two girls to the Natural History Museum in London. Entry is free, the dinosaur hall kept them busy all morning, and there is a playground in the park across the road.',
    { destination: 'London', children: 'yes', pets: 'unknown', age: ['30', '31', '40'] },
  ],
  'london-2.txt': [
    'A quiet week in London for the two of us: theatre in the evenings, long walks along the river, a museum when it rained.',
    { destination: 'London', children: 'no', pets: 'no', age: ['71', '80'] },
  ],
  'paris-1.txt': [
    'Paris was made for couples. We walked along the river every night and saw one small museum a day.',
    { destination: 'Paris', children: 'no', pets: 'no', age: ['30', '31', '40'] },
  ],
  'paris-2.txt': [
    'Our boys still talk about the toy boats in the Luxembourg garden. The puppet theatre there is in French, and they laughed all the same.',
    { destination: 'Paris', children: 'yes', pets: 'yes', age: ['41', '50'] },
  ],
} as const
const question = 'a free museum with dinosaurs and a playground for the children'

/** One template for everybody; what a traveller left open is not asked for. */
const trip = and(
  eq('destination', placeholder('desired_destination', { required: true })),
  eq('children', placeholder('children')),
  has('age', placeholder('age')),
)

const embedder = await staticEmbedder()

describe('travel reviews, filtered by what each traveller said', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reviews-'))
    for (const [name, [text, metadataAttributes]] of Object.entries(reviews)) {
      await writeFile(join(folder, name), text)
      await writeFile(join(folder, `${name}.metadata.json`), JSON.stringify({ metadataAttributes }))
    }
    // What a second download of the same sidecar is called.
    const stray = JSON.stringify({ metadataAttributes: { destination: 'London', children: 'yes' } })
    await writeFile(join(folder, 'london-2.txt.metadata (1).json'), stray)
  })
  afterAll(() => rm(folder, { recursive: true }))

  const open = async () => {
    const store = memoryStore({ dimensions: embedder.dimensions })
    const report = await ingest(directory(folder).load(), { chunker: sentence300(), embedder, store })
    const hybrid = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
    const ask = async (values?: Parameters<typeof bindFilter>[1]) => {
      const filter = values && bindFilter(trip, values, { missing: 'drop' })
      const hits = await hybrid.retrieve(question, { limit: 4, filter })
      return hits.map(({ chunk }) => chunk.documentId)
    }
    return { report, store, hybrid, ask }
  }

  it('reads the sidecars as metadata, never as reviews, and reports the stray one', async () => {
    const { report, store, hybrid } = await open()
    expect(store.size).toBe(4)
    expect(report.failures.map(({ uri, stage }) => [uri?.slice(folder.length + 1), stage])).toEqual([
      ['london-2.txt.metadata (1).json', 'load'],
    ])
    expect(await hybrid.retrieve('metadataAttributes destination')).not.toContainEqual(
      expect.objectContaining({ chunk: expect.objectContaining({ text: expect.stringContaining('{') }) }),
    )
    const [hit] = await hybrid.retrieve(question, { limit: 1 })
    expect(hit!.chunk.metadata).toMatchObject({ ...reviews['london-1.txt'][1], filename: 'london-1.txt' })
    expect(hit!.chunk.text).toBe(reviews['london-1.txt'][0])
  })

  it('answers a trip to Paris from London without the filter, and from Paris with it', async () => {
    const { ask } = await open()
    expect((await ask())[0]).toBe('london-1.txt')
    expect(await ask({ desired_destination: 'Paris', children: 'yes' })).toEqual(['paris-2.txt'])
    // The questionnaire has no word on children: both reviews of Paris may answer.
    expect((await ask({ desired_destination: 'Paris' })).sort()).toEqual(['paris-1.txt', 'paris-2.txt'])
  })

  it('finds a member of a list, as text, and takes "unknown" for what it says', async () => {
    const { ask, hybrid } = await open()
    expect(await ask({ desired_destination: 'London', age: '71' })).toEqual(['london-2.txt'])
    expect(await ask({ desired_destination: 'London', age: 71 })).toEqual([])
    const pets = await hybrid.retrieve(question, { filter: oneOf('pets', ['yes', 'unknown']) })
    expect(pets.map(({ chunk }) => chunk.documentId).sort()).toEqual(['london-1.txt', 'paris-2.txt'])
  })

  it('serves everybody at once from one retriever, and refuses a trip without destination', async () => {
    const { ask } = await open()
    const travellers = ['London', 'Paris'].flatMap((desired_destination) =>
      ['yes', 'no'].map((children) => ({ desired_destination, children })),
    )
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(travellers[i % 4])))
    const expected = [['london-1.txt'], ['london-2.txt'], ['paris-2.txt'], ['paris-1.txt']]
    expect(answers).toEqual(Array.from({ length: 40 }, (_, i) => expected[i % 4]))
    await expect(ask({ children: 'yes' })).rejects.toThrow('desired_destination')
  })

  it('scores a review the same with and without the filter', async () => {
    const { hybrid } = await open()
    const vector = async (filter?: ReturnType<typeof eq>) => {
      const hits = await hybrid.retrieve(question, { limit: 4, filter })
      const hit = hits.find(({ chunk }) => chunk.documentId === 'paris-2.txt')!
      return hit.trace.find(({ kind }) => kind === 'vector')!.score
    }
    expect(await vector(eq('destination', 'Paris'))).toBeCloseTo(await vector(), 6)
  })
})
