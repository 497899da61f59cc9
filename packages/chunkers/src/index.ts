export type { Separator } from './internal/boundaries.js'
export type { RecursiveChunkerOptions } from './recursive.js'
export { recursiveChunker } from './recursive.js'
