import type { Tokenizer } from '@tesserae/core'
import { checkOneOf, RagError } from '@tesserae/core'
import type { TiktokenEncoding } from './encoder.js'
import { ENCODINGS, loadEncoder } from './encoder.js'
import { pieceEnd } from './pieces.js'

export type { TiktokenEncoding } from './encoder.js'

export interface TiktokenTokenizer extends Tokenizer {
  /** Gives the encoder's memory back. `ends` throws `unsupported` from then on. Calling it again does nothing. */
  free(): void
}

/**
 * The tokens of OpenAI's models, with exact UTF-16 offsets and no network. The number of tokens is that of
 * tiktoken's `encode_ordinary`: special tokens such as `<|endoftext|>` are plain text. A token that ends
 * inside a character ends, here, where that character ends, so several tokens may share an end. Runs of more
 * than 1,024 code units without a border between words are encoded in parts, which may count a few tokens
 * differently. Other vendors count differently too: leave a margin for their models.
 *
 * Needs the package `tiktoken`, loaded on the first call; throws `unsupported` without it and
 * `invalid-argument` for an unknown encoding.
 *
 * @param encoding name of the vocabulary. @default 'cl100k_base'
 */
export async function tiktokenTokenizer(
  encoding: TiktokenEncoding = 'cl100k_base',
): Promise<TiktokenTokenizer> {
  checkOneOf('encoding', encoding, ENCODINGS)
  const encoder = await loadEncoder(encoding)
  let isFreed = false
  return {
    id: `tiktoken-${encoding}`,
    ends(text) {
      if (isFreed) {
        throw new RagError(
          'unsupported',
          `The tokenizer tiktoken-${encoding} was freed. Make a new one to go on.`,
        )
      }
      return tokenEnds(text, (piece) => encoder.tokenBytes(piece))
    },
    free() {
      if (!isFreed) encoder.free()
      isFreed = true
    },
  }
}

/** Walks text and tokens together: code units on one side, UTF-8 bytes on the other. */
function tokenEnds(text: string, tokenBytes: (piece: string) => Uint32Array): Uint32Array {
  let ends = new Uint32Array((text.length >>> 1) + 16)
  let count = 0
  for (let start = 0; start < text.length; ) {
    const stop = pieceEnd(text, start)
    const lengths = tokenBytes(text.slice(start, stop))
    if (count + lengths.length > ends.length) {
      const larger = new Uint32Array(Math.max(ends.length * 2, count + lengths.length))
      larger.set(ends)
      ends = larger
    }
    let at = start
    let bytes = 0
    let tokenEnd = 0
    for (let i = 0; i < lengths.length; i++) {
      tokenEnd += lengths[i]!
      while (bytes < tokenEnd && at < stop) {
        const code = text.codePointAt(at)!
        // A lone surrogate is encoded as U+FFFD: three bytes, like the rest of its range.
        bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
        at += code < 0x10000 ? 1 : 2
      }
      ends[count++] = at
    }
    start = stop
  }
  return ends.slice(0, count)
}
