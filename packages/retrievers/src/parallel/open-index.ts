import type { Bitset, TopHits } from '@tesserae/core'
import { bitsetOver, openBm25 } from '../bm25/bm25-image.js'
import { openRows } from '../flat/row-image.js'
import { openGraph } from '../hnsw/graph-image.js'
import { mergeHits } from '../wasm/shards.js'
import type { IndexImage, Task, VectorTask } from './messages.js'

/** What answers the tasks about an image in one of its threads. */
export function openIndex(image: IndexImage, thread: number): (task: Task) => readonly TopHits[] {
  if (image.kind === 'bm25') {
    const search = openBm25(image.index)
    return (task) => (task.kind === 'terms' ? search(task) : wrongTask())
  }
  const shards =
    image.kind === 'hnsw'
      ? image.shards.map((shard) => graphSearcher(shard, thread))
      : image.shards.map((shard) => rowSearcher(shard, thread))
  return (task) => {
    if (task.kind !== 'vectors') wrongTask()
    const found = shards.map((search) => search(task, filterOf(task)))
    const [only] = found
    if (only !== undefined && found.length === 1) return only
    return only!.map((_, query) =>
      mergeHits(
        found.map((hits) => hits[query]!),
        task.limit,
      ),
    )
  }
}

type ShardSearch = (task: VectorTask, filter: Bitset | undefined) => readonly TopHits[]

function graphSearcher(image: Parameters<typeof openGraph>[0], thread: number): ShardSearch {
  const graph = openGraph(image, thread)
  return ({ queries, limit, efSearch }, filter) =>
    rowsOf(queries, image.settings.dimensions).map((query) =>
      graph.search(query, { limit, filter, efSearch }),
    )
}

function rowSearcher(image: Parameters<typeof openRows>[0], thread: number): ShardSearch {
  const rows = openRows(image, thread)
  return ({ queries, limit }, filter) =>
    rows.searchBatch(rowsOf(queries, image.settings.dimensions), { limit, filter })
}

function rowsOf(queries: Float32Array, dimensions: number): Float32Array[] {
  return Array.from({ length: queries.length / dimensions }, (_, row) =>
    queries.subarray(row * dimensions, (row + 1) * dimensions),
  )
}

function filterOf({ filter }: VectorTask): Bitset | undefined {
  return filter === undefined ? undefined : bitsetOver(filter)
}

function wrongTask(): never {
  throw new Error('the task is about another kind of index')
}
