/** How token vectors become one: their mean, the first token's, or the last one's. */
export type PoolingMode = 'mean' | 'cls' | 'last'

/** What stands in front of a text, by its role. */
export interface Prefixes {
  readonly query: string
  readonly document: string
}

export interface Family {
  readonly pooling: PoolingMode
  readonly prefixes: Prefixes
}

const none: Prefixes = { query: '', document: '' }
const bgeQuery = 'Represent this sentence for searching relevant passages: '

/**
 * What the authors of well-known models ask for, by the last part of the model's name; the first match counts.
 * Sources: the model cards. A wrong prefix or pooling does not fail, it only finds less.
 */
const families: readonly (readonly [RegExp, Family])[] = [
  [
    /^multilingual-e5-.*instruct/,
    {
      pooling: 'mean',
      prefixes: {
        query:
          'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ',
        document: '',
      },
    },
  ],
  [/^(multilingual-)?e5-/, { pooling: 'mean', prefixes: { query: 'query: ', document: 'passage: ' } }],
  [/^bge-(small|base|large)-en/, { pooling: 'cls', prefixes: { query: bgeQuery, document: '' } }],
  [
    /^bge-(small|base|large)-zh/,
    { pooling: 'cls', prefixes: { query: '为这个句子生成表示以用于检索相关文章：', document: '' } },
  ],
  [/^bge-m3/, { pooling: 'cls', prefixes: none }],
  [
    /^nomic-embed-text/,
    { pooling: 'mean', prefixes: { query: 'search_query: ', document: 'search_document: ' } },
  ],
  [
    /^modernbert-embed/,
    { pooling: 'mean', prefixes: { query: 'search_query: ', document: 'search_document: ' } },
  ],
  [/^mxbai-embed-/, { pooling: 'cls', prefixes: { query: bgeQuery, document: '' } }],
  [/^snowflake-arctic-embed-.*v2/, { pooling: 'cls', prefixes: { query: 'query: ', document: '' } }],
  [/^snowflake-arctic-embed-/, { pooling: 'cls', prefixes: { query: bgeQuery, document: '' } }],
  [/^gte-(modernbert|multilingual)/, { pooling: 'cls', prefixes: none }],
  [/^gte-/, { pooling: 'mean', prefixes: none }],
  [/^jina-embeddings-v2-/, { pooling: 'mean', prefixes: none }],
  [/(minilm|mpnet|distilroberta|labse|distiluse)/, { pooling: 'mean', prefixes: none }],
]

/** The family that a model's name or folder belongs to; `undefined` for a stranger. */
export function familyOf(name: string): Family | undefined {
  const last = name.split(/[/\\]/).filter(Boolean).at(-1)?.toLowerCase() ?? ''
  return families.find(([pattern]) => pattern.test(last))?.[1]
}
