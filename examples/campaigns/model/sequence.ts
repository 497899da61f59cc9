import { isDeepStrictEqual } from 'node:util'
import {
  type DocumentIds,
  type DocumentSeals,
  eq,
  ingest,
  isRagError,
  type Loaded,
  type Store,
  type VectorReuse,
  type VectorsByInput,
} from '@tesserae/core'
import { fakeEmbedder, type Random } from '@tesserae/core/testing'
import { type SqliteStore, sqliteStore } from '@tesserae/retrievers/sqlite'
import {
  type Configuration,
  chunkerOf,
  dimensions,
  edited,
  expectedOf,
  newDocument,
  newMetadata,
  type World,
} from './world.js'

export const steps = [
  'add',
  'edit',
  'describe',
  'delete',
  'rechunk',
  'reembed',
  'reopen',
  'reindex',
  'interrupt',
] as const
export type Step = (typeof steps)[number]

/** A store that takes part in a sequence, and the reader beside it. */
interface Place {
  path: string
  store: SqliteStore
  reader: SqliteStore
  indexVersion: string
}

/**
 * Takes random steps with a model and a store, and compares the two after each. Returns what was wrong, in words;
 * nothing when all agreed.
 */
export async function runSequence(
  random: Random,
  length: number,
  newPath: () => string,
): Promise<string | undefined> {
  const world: World = new Map()
  let configuration: Configuration = { maxTokens: 20, embedderId: 'first' }
  const place = await openPlace(newPath(), configuration, 'one')
  const history: string[] = []
  let names = 0
  try {
    for (let step = 0; step < length; step++) {
      const action: Step = step === 0 ? 'add' : random.pick(steps)
      history.push(action)
      const known = [...world.keys()]
      const some = random.shuffle(known).slice(0, random.integer(1, 3))
      if (action === 'add') {
        for (let i = random.integer(1, 3); i > 0; i--)
          world.set(`d${names}`, newDocument(`d${names++}`, random))
      } else if (action === 'edit') for (const id of some) world.set(id, edited(world.get(id)!, random))
      else if (action === 'describe') {
        for (const id of some) world.set(id, { ...world.get(id)!, metadata: newMetadata(random) })
      } else if (action === 'delete') {
        // A source without documents is taken for a broken one, so one stays.
        for (const id of some) if (world.size > 1) world.delete(id)
      } else if (action === 'rechunk') {
        configuration = { ...configuration, maxTokens: random.integer(8, 30) }
      } else if (action === 'reembed') {
        configuration = { ...configuration, embedderId: `${configuration.embedderId}'` }
        const problem = await moveToAnotherEmbedder(place, configuration, newPath())
        if (problem !== undefined) return `${history.join(', ')}: ${problem}`
      } else if (action === 'reopen') await reopen(place, configuration, random.chance())
      else if (action === 'reindex') {
        place.indexVersion = random.pick(['one', 'two'])
        await reopen(place, configuration, false)
      } else await interrupt(place.store, world, configuration, random)

      const problem = await bringUpToDate(place, world, configuration)
      if (problem !== undefined) return `${history.join(', ')}: ${problem}`
    }
    return undefined
  } finally {
    await place.reader.close()
    await place.store.close()
  }
}

const optionsOf = (path: string, { embedderId }: Configuration, indexVersion: string) =>
  ({ path, dimensions, embedderId, indexVersion, durability: 'process' }) as const

async function openPlace(path: string, configuration: Configuration, indexVersion: string): Promise<Place> {
  const options = optionsOf(path, configuration, indexVersion)
  const store = await sqliteStore(options)
  return { path, store, reader: await sqliteStore({ ...options, readOnly: true }), indexVersion }
}

async function reopen(place: Place, configuration: Configuration, checkpoint: boolean): Promise<void> {
  if (checkpoint) await place.store.checkpoint()
  await place.reader.close()
  await place.store.close()
  Object.assign(place, await openPlace(place.path, configuration, place.indexVersion))
}

/** The old file must refuse the new embedder; a new file takes its place. */
async function moveToAnotherEmbedder(
  place: Place,
  configuration: Configuration,
  path: string,
): Promise<string | undefined> {
  await place.reader.close()
  await place.store.close()
  const refused = await sqliteStore(optionsOf(place.path, configuration, place.indexVersion)).then(
    async (store) => {
      await store.close()
      return false
    },
    (error: unknown) => isRagError(error, 'incompatible'),
  )
  Object.assign(place, await openPlace(path, configuration, place.indexVersion))
  return refused ? undefined : 'another embedder was not refused'
}

function run(store: Store, world: World, configuration: Configuration, signal?: AbortSignal) {
  const embedder = fakeEmbedder({ dimensions, id: configuration.embedderId })
  const source = Array.from(world.values(), (document): Loaded => ({ type: 'document', document }))
  const chunker = chunkerOf(configuration)
  const options = { chunker, embedder, store, removeMissing: true, maxWriteChunks: 4, signal }
  return { embedder, report: ingest(source, options) }
}

/** A run that is stopped after a few documents, if it is not done by then. */
async function interrupt(
  store: SqliteStore,
  world: World,
  configuration: Configuration,
  random: Random,
): Promise<void> {
  const stop = new AbortController()
  let calls = random.integer(0, 3)
  const counting: Store & VectorReuse & VectorsByInput & DocumentSeals & DocumentIds = {
    name: store.name,
    async upsert(...call) {
      await store.upsert(...call)
      if (calls-- === 0) stop.abort(new Error('stopped'))
    },
    get: (...call) => store.get(...call),
    delete: (...call) => store.delete(...call),
    list: (...call) => store.list(...call),
    vectors: (...call) => store.vectors(...call),
    vectorsByInput: (...call) => store.vectorsByInput(...call),
    seals: (...call) => store.seals(...call),
    seal: (...call) => store.seal(...call),
    documentIds: (...call) => store.documentIds(...call),
  }
  await run(counting, world, configuration, stop.signal).report.catch((error: unknown) => {
    if (error !== stop.signal.reason) throw error
  })
}

/** Ingests the world, twice, and compares store and reader with what the world demands. */
async function bringUpToDate(
  { store, reader }: Place,
  world: World,
  configuration: Configuration,
): Promise<string | undefined> {
  const first = await run(store, world, configuration).report
  if (first.failures.length > 0) return `failed: ${first.failures[0]?.message}`
  const { generation } = store
  const second = run(store, world, configuration)
  await second.report
  if (store.generation !== generation) return 'a second run wrote something'
  if (second.embedder.calls.length > 0) return 'a second run embedded something'

  const expected = await expectedOf(world, configuration)
  for (const [name, opened] of Object.entries({ store, reader })) {
    const ids: string[] = []
    for await (const { id } of opened.list()) ids.push(id)
    if (!isDeepStrictEqual(ids.toSorted(), [...expected.chunks.keys()].toSorted())) {
      return `the ${name} holds other chunks`
    }
    const chunks = ids.map((id) => expected.chunks.get(id))
    if (!isDeepStrictEqual(plain(await opened.get(ids)), plain(chunks)))
      return `the ${name} holds them otherwise`
    const vectors = ids.map((id) => expected.vectors.get(id))
    if (!isDeepStrictEqual(await opened.vectors(ids), vectors)) return `the ${name} holds other vectors`
    for (const filter of [undefined, eq('tenant', 'a')]) {
      const request = { limit: 7, filter }
      const query = 'quiet hours of the tenant'
      const vector = await fakeEmbedder({ dimensions }).embed([query], { role: 'query' })
      const found = [await opened.searchByText(query, request), await opened.searchByVector(vector, request)]
      const { searches } = expected
      const wanted = [
        await searches.searchByText(query, request),
        await searches.searchByVector(vector, request),
      ]
      if (!isDeepStrictEqual(plain(found), plain(wanted))) return `the ${name} finds something else`
    }
  }
  const { problems } = await store.check()
  return problems[0]
}

/** Without fields that are undefined: a file cannot tell them from those that are not there. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
