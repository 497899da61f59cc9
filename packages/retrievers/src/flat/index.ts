export type { FlatIndex, FlatIndexOptions } from './flat-index.js'
export { flatIndex } from './flat-index.js'
