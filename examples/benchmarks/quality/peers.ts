import type { RetrievalDataset } from '@tesserae/evaluation'
import type { BenchContext } from '../harness/context.js'
import type { Subject } from './bench.js'

// What is used of each peer, typed here: the peers are installed apart and only when a benchmark runs.
interface MiniSearchModule {
  default: new (options: {
    fields: string[]
  }) => {
    addAll(documents: readonly { id: string; text: string }[]): void
    search(query: string): readonly { id: string }[]
  }
}
interface LunrBuilder {
  ref(name: string): void
  field(name: string): void
  add(document: { id: string; text: string }): void
}
interface LunrModule {
  default: ((build: (this: LunrBuilder) => void) => {
    query(build: (query: { term(terms: unknown): void }) => void): readonly { ref: string }[]
  }) & { tokenizer(text: string): unknown }
}
interface OramaModule {
  create(options: object): object
  insertMultiple(database: object, documents: readonly object[], batchSize: number): Promise<unknown>
  search(database: object, query: object): Promise<{ hits: readonly { document: { key: string } }[] }>
}

const limit = 100

function texts(dataset: RetrievalDataset): { id: string; text: string }[] {
  return dataset.documents.map(({ id, title, text }) => ({
    id,
    text: title === '' ? text : `${title} ${text}`,
  }))
}

function english(name: string, language: string): void {
  if (language !== 'en') throw new Error(`${name} has no analyzer for "${language}" in its main package`)
}

/** JavaScript full-text libraries, each with the settings its documentation recommends for English prose. */
export function peerSubjects(context: BenchContext): readonly Subject[] {
  return [
    {
      name: 'minisearch',
      async prepare(dataset) {
        const { default: MiniSearch } = await context.peer<MiniSearchModule>('minisearch')
        const index = new MiniSearch({ fields: ['text'] })
        index.addAll(texts(dataset))
        return async (query) =>
          index
            .search(query)
            .slice(0, limit)
            .map(({ id }) => id)
      },
    },
    {
      name: 'lunr',
      async prepare(dataset, language) {
        english('lunr', language)
        const { default: lunr } = await context.peer<LunrModule>('lunr')
        const documents = texts(dataset)
        const index = lunr(function () {
          this.ref('id')
          this.field('text')
          for (const document of documents) this.add(document)
        })
        // Its query pipeline stems but does not trim punctuation, as its index pipeline does.
        return async (query) =>
          index
            .query((q) => q.term(lunr.tokenizer(query.replace(/[^\p{L}\p{N}\s-]/gu, ' '))))
            .slice(0, limit)
            .map(({ ref }) => ref)
      },
    },
    {
      name: 'orama',
      async prepare(dataset, language) {
        english('orama', language)
        const { create, insertMultiple, search } = await context.peer<OramaModule>('@orama/orama')
        const { stemmer } = await context.peer<{ stemmer: unknown }>('@orama/stemmers/english')
        const { stopwords } = await context.peer<{ stopwords: unknown }>('@orama/stopwords/english')
        const database = create({
          schema: { key: 'string', text: 'string' },
          components: { tokenizer: { language: 'english', stemming: true, stemmer, stopWords: stopwords } },
        })
        await insertMultiple(
          database,
          texts(dataset).map(({ id, text }) => ({ key: id, text })),
          500,
        )
        return async (term) => {
          const { hits } = await search(database, { term, limit, properties: ['text'] })
          return hits.map(({ document }) => document.key)
        }
      },
    },
  ]
}
