export interface Tokenizer {
  /** Name and vocabulary: part of chunker ids. */
  readonly id: string
  /** End offset of each token, ascending. Tokenise a document once; any span is then counted by binary search. */
  ends(text: string): Uint32Array
}
