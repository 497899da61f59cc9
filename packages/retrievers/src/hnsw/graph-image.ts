import sharedModule from '../wasm/hnsw-shared.wasm.js'
import { attachGraph, type SharedGraph } from './graph.js'
import { GraphIndex, type GraphSettings } from './graph-index.js'
import type { SlotsState } from './slots.js'

/** One graph as threads see it. Its memory is shared, the tables are copied to each. */
export interface GraphImage {
  readonly settings: GraphSettings
  readonly graph: SharedGraph
  readonly slots: SlotsState
}

/** The graph to be searched, and nothing else, by one of the threads. */
export function openGraph({ settings, graph, slots }: GraphImage, thread: number): GraphIndex {
  const base = graph.bases[thread]
  const attached =
    base === undefined
      ? undefined
      : attachGraph(sharedModule, graph, base, slots.entry, Math.max(slots.entryLayer, 0))
  if (attached === undefined) throw new Error('the shared memory has no room for this thread')
  const index = new GraphIndex(settings, attached)
  index.adopt(slots)
  return index
}
