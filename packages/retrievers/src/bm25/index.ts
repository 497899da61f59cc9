export type { Bm25Index, Bm25Options, Bm25Statistics } from './bm25-index.js'
export { bm25Index } from './bm25-index.js'
export type { Bm25Field, FieldTexts } from './fields.js'
export type { Bm25Variant } from './formula.js'
