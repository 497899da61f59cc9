export { type WordPieceOptions, type WordPieceTokenizer, wordPieceTokenizer } from './wordpiece/tokenizer.js'
