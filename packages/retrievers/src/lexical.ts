import {
  checkInteger,
  type Explanation,
  invalid,
  type Metadata,
  type Ranked,
  type RetrieveOptions,
  type TextSearch,
  timed,
} from '@tesserae/core'
import type { ExplainableRetriever } from './explain-hit.js'
import { leaf } from './explain-vector.js'
import { toHits } from './leg-hits.js'
import type { ExplainText } from './memory-store/memory-store.js'

export interface LexicalRetrieverOptions<M extends Metadata = Metadata> {
  readonly store: TextSearch<M> & Partial<ExplainText>
  /** Stage name in traces. @default 'lexical' */
  readonly name?: string | undefined
}

/** Finds chunks that share words with the query. Explains its scores when the store can. */
export function lexicalRetriever<M extends Metadata = Metadata>(
  options: LexicalRetrieverOptions<M>,
): ExplainableRetriever<M> {
  const { store, name = 'lexical' } = options
  const search = async (query: string, options: RetrieveOptions): Promise<readonly Ranked<M>[]> => {
    const limit = checkInteger('limit', options.limit ?? 5)
    const { signal, observer, filter } = options
    signal?.throwIfAborted()
    return store.searchByText(query, { limit, filter }, { signal, observer })
  }
  return {
    name,
    async retrieve(query, options = {}) {
      if (typeof query !== 'string') invalid('query', 'a string', query)
      const ranked = await timed(options.observer, 'retrieve.leg', name, () => search(query, options), {
        counts: (hits) => ({ hits: hits.length }),
        labels: { kind: 'lexical' },
        signal: options.signal,
      })
      return toHits(ranked, name, 'lexical')
    },
    async explain(query, chunkId, options = {}): Promise<Explanation | undefined> {
      if (store.explainText === undefined) return undefined
      // An index knows no filter: what a caller may not find is not told about either.
      if (options.filter !== undefined) {
        const ranked = await search(query, options)
        if (!ranked.some(({ chunk }) => chunk.id === chunkId)) return undefined
      }
      const tree = await store.explainText(query, chunkId, options)
      return tree === undefined || tree.details.length === 0 ? undefined : inSinglePrecision(tree, name)
    },
  }
}

/** The number that the index returns: its scores have 32 bits, the parts they are added up from 64. */
function inSinglePrecision(tree: Explanation, name: string): Explanation {
  const value = Math.fround(tree.value)
  if (value === tree.value) return tree
  const rounding = leaf(value - tree.value, 'rounding, to 32 bits')
  return { value, description: `"${name}": sum`, details: [tree, rounding] }
}
