import type { Tokenizer } from '@tesserae/core'
import { checkOneOf, RagError } from '@tesserae/core'
import { BytePairEncoder } from './byte-pair-encoder.js'
import { type Splitter, splitCl100k, splitGpt2, splitO200k } from './split.js'
import { TextTokens } from './text-tokens.js'
import { ENCODINGS, loadVocabulary, type TiktokenEncoding } from './vocabulary.js'

export type { TiktokenEncoding } from './vocabulary.js'

export interface TiktokenTokenizer extends Tokenizer {
  /** Number of tokens: `ends(text).length` without making the array. */
  count(text: string): number
  /** Gives the tables' memory back. `ends` and `count` throw `unsupported` from then on. Calling it again does nothing. */
  free(): void
}

const SPLITTERS: { readonly [encoding in TiktokenEncoding]: Splitter } = {
  cl100k_base: splitCl100k,
  o200k_base: splitO200k,
  p50k_base: splitGpt2,
  p50k_edit: splitGpt2,
  r50k_base: splitGpt2,
  gpt2: splitGpt2,
}

/**
 * The tokens of OpenAI's models, with exact UTF-16 offsets and no network. The tokens are those of tiktoken's
 * `encode_ordinary`: special tokens such as `<|endoftext|>` are plain text. A token that ends inside a character
 * ends, here, where that character ends, so several tokens may share an end. One pass over the text, in linear
 * time whatever the text. Other vendors count differently: leave a margin for their models.
 *
 * Needs the package `tiktoken`, whose vocabularies are loaded on the first call; throws `unsupported` without it
 * and `invalid-argument` for an unknown encoding. A tokenizer holds its own tables: make one and pass it around.
 *
 * @param encoding name of the vocabulary. @default 'cl100k_base'
 */
export async function tiktokenTokenizer(
  encoding: TiktokenEncoding = 'cl100k_base',
): Promise<TiktokenTokenizer> {
  checkOneOf('encoding', encoding, ENCODINGS)
  const vocabulary = await loadVocabulary(encoding)
  let tokens: TextTokens | undefined = new TextTokens(new BytePairEncoder(vocabulary), SPLITTERS[encoding])
  const live = (): TextTokens => {
    if (tokens !== undefined) return tokens
    throw new RagError(
      'unsupported',
      `The tokenizer tiktoken-${encoding} was freed. Make a new one to go on.`,
    )
  }
  return {
    id: `tiktoken-${encoding}`,
    ends: (text) => live().ends(text),
    count: (text) => live().count(text),
    free() {
      tokens = undefined
    },
  }
}
