import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bm25Index, universalAnalyzer } from '@tesserae/retrievers'
import { loadPeer } from '../harness/peers.js'

export interface Hits {
  readonly ids: ArrayLike<number>
  readonly scores: ArrayLike<number>
}

/** A full-text index in this process: words as they are, no stop list, no stems, so that all see the same terms. */
export interface TextEngine {
  /** Adds passages numbered from `first` on. */
  add(passages: readonly string[], first: number): void | Promise<void>
  /** Makes what was added searchable. */
  finish(): void | Promise<void>
  /** The best ten. */
  search(query: string): Hits | Promise<Hits>
}

const limit = 10

/** Engines for Node.js by name, made in the process that measures them. */
export const textEngines: { readonly [name: string]: () => TextEngine | Promise<TextEngine> } = {
  tesserae,
  minisearch,
  'lancedb FTS': lancedb,
  orama,
  flexsearch,
}

function tesserae(): TextEngine {
  const index = bm25Index({ analyzer: universalAnalyzer() })
  return {
    add: (passages, first) => {
      for (let i = 0; i < passages.length; i++) index.set(first + i, passages[i]!)
    },
    finish: () => {},
    search: (query) => {
      const { ordinals, scores } = index.search(query, { limit })
      return { ids: ordinals, scores }
    },
  }
}

function listed(hits: readonly { readonly id: number; readonly score: number }[]): Hits {
  return { ids: hits.map(({ id }) => id), scores: hits.map(({ score }) => score) }
}

interface MiniSearchModule {
  default: new (options: {
    fields: string[]
  }) => {
    addAll(documents: readonly { id: number; text: string }[]): void
    search(query: string, options: object): { id: number; score: number }[]
  }
}

async function minisearch(): Promise<TextEngine> {
  const { default: MiniSearch } = await loadPeer<MiniSearchModule>('minisearch')
  const index = new MiniSearch({ fields: ['text'] })
  const options = { bm25: { k: 1.2, b: 0.75, d: 0.5 } }
  return {
    add: (passages, first) => index.addAll(passages.map((text, i) => ({ id: first + i, text }))),
    finish: () => {},
    search: (query) => listed(index.search(query, options).slice(0, limit)),
  }
}

interface LanceModule {
  connect(folder: string): Promise<{
    createTable(name: string, rows: readonly object[]): Promise<LanceTable>
  }>
  readonly Index: { fts(options: object): unknown }
}
interface LanceTable {
  add(rows: readonly object[]): Promise<unknown>
  createIndex(column: string, options: object): Promise<void>
  optimize(): Promise<unknown>
  search(
    query: string,
    type: 'fts',
    column: string,
  ): {
    select(columns: readonly string[]): {
      limit(count: number): { toArray(): Promise<{ id: number | bigint; _score: number }[]> }
    }
  }
}

async function lancedb(): Promise<TextEngine> {
  const lance = await loadPeer<LanceModule>('@lancedb/lancedb')
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-lance-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const database = await lance.connect(folder)
  let table: LanceTable | undefined
  let waiting: object[] = []
  const write = async () => {
    if (table === undefined) table = await database.createTable('passages', waiting)
    else await table.add(waiting)
    waiting = []
  }
  return {
    // Its tables are versioned by write: many small writes would be slow to read.
    add: async (passages, first) => {
      for (let i = 0; i < passages.length; i++) waiting.push({ id: first + i, text: passages[i]! })
      if (waiting.length >= 50_000) await write()
    },
    finish: async () => {
      if (waiting.length > 0) await write()
      await table?.optimize()
      await table?.createIndex('text', {
        config: lance.Index.fts({ stem: false, removeStopWords: false, asciiFolding: false }),
      })
    },
    search: async (query) => {
      const rows = await table!.search(query, 'fts', 'text').select(['id', '_score']).limit(limit).toArray()
      return listed(rows.map(({ id, _score }) => ({ id: Number(id), score: _score })))
    },
  }
}

interface OramaModule {
  create(options: object): object
  insertMultiple(database: object, documents: readonly object[], batchSize: number): Promise<unknown>
  search(
    database: object,
    query: object,
  ): Promise<{ hits: readonly { score: number; document: { key: number } }[] }>
}

async function orama(): Promise<TextEngine> {
  const { create, insertMultiple, search } = await loadPeer<OramaModule>('@orama/orama')
  const database = create({ schema: { key: 'number', text: 'string' } })
  return {
    add: async (passages, first) => {
      const documents = passages.map((text, i) => ({ key: first + i, text }))
      await insertMultiple(database, documents, 500)
    },
    finish: () => {},
    search: async (term) => {
      const { hits } = await search(database, { term, limit, properties: ['text'] })
      return listed(hits.map(({ score, document }) => ({ id: document.key, score })))
    },
  }
}

interface FlexSearchModule {
  readonly Index?: FlexIndexConstructor
  readonly default: { readonly Index: FlexIndexConstructor }
}
type FlexIndexConstructor = new (
  options: object,
) => {
  add(id: number, text: string): unknown
  search(query: string, options: object): number[]
}

/** It has no scores: its hits come in the order of places in the text. */
async function flexsearch(): Promise<TextEngine> {
  const module = await loadPeer<FlexSearchModule>('flexsearch')
  const index = new (module.Index ?? module.default.Index)({ tokenize: 'strict' })
  return {
    add: (passages, first) => {
      for (let i = 0; i < passages.length; i++) index.add(first + i, passages[i]!)
    },
    finish: () => {},
    search: (query) => {
      const ids = index.search(query, { limit, suggest: true })
      return { ids, scores: ids.map(() => 0) }
    },
  }
}
