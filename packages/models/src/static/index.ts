export type { WordPieceOptions, WordPieceTokenizer } from '../wordpiece/tokenizer.js'
export { wordPieceTokenizer } from '../wordpiece/tokenizer.js'
export { type StaticEmbedder, type StaticEmbedderOptions, staticEmbedder } from './static-embedder.js'
