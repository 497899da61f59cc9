export type { HnswIndex, HnswOptions, HnswSearchOptions } from './hnsw-index.js'
export { hnswIndex } from './hnsw-index.js'
export type { HnswMemoryOptions } from './memory.js'
export { estimateHnswMemory } from './memory.js'
