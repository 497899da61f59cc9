export type { CodeChunkerOptions } from './code.js'
export { codeChunker } from './code.js'
export type { GrammarSource } from './grammar.js'
export type { CodeLanguage } from './languages.js'
