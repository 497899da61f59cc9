export type { CodeChunkerOptions } from './code.js'
export { codeChunker } from './code.js'
export type { CodeLanguage, GrammarSource } from './languages.js'
