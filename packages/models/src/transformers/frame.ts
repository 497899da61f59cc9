import { RagError } from '@tesserae/core'
import type { Encoded, LibraryTokenizer } from './library.js'

/** What a model's tokenizer puts around one text: `[CLS] text [SEP]`. */
export interface Frame {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/** What it puts around two: `[CLS] query [SEP] text [SEP]`, with the type of each place. */
export interface PairFrame extends Frame {
  readonly between: readonly number[]
  readonly beforeType: readonly number[]
  readonly firstType: number
  readonly betweenType: readonly number[]
  readonly secondType: number
  readonly afterType: readonly number[]
}

/** Ids of the text alone: uncut, unpadded, without special tokens, whatever `tokenizer.json` asks for. */
export function contentIds(tokenizer: LibraryTokenizer, text: string): readonly number[] {
  return tokenizer(text, { add_special_tokens: false, return_token_type_ids: false, return_tensor: false })
    .input_ids
}

const probes = ['a', 'b', 'the', '1', 'x']

/**
 * Reads the frame off an encoded probe instead of trusting the library's own cutting: that drops the closing
 * token of a text that is too long, and takes an empty second text for none.
 *
 * @throws RagError `incompatible` when the tokenizer changes the text between its frame.
 */
export function frameOf(tokenizer: LibraryTokenizer): Frame {
  for (const probe of probes) {
    const content = contentIds(tokenizer, probe)
    const { input_ids: whole } = encode(tokenizer, probe)
    const at = find(whole, content, 0)
    if (content.length === 0 || at < 0) continue
    return { before: whole.slice(0, at), after: whole.slice(at + content.length) }
  }
  return strange()
}

/** The frame of a pair; see `frameOf`. */
export function pairFrameOf(tokenizer: LibraryTokenizer): PairFrame {
  for (const probe of probes) {
    const content = contentIds(tokenizer, probe)
    const { input_ids: whole, token_type_ids: types } = encode(tokenizer, probe, probe)
    const first = find(whole, content, 0)
    const second = find(whole, content, first + content.length)
    if (content.length === 0 || first < 0 || second < 0) continue
    const typeOf = (place: number) => types?.[place] ?? 0
    const betweenStart = first + content.length
    const afterStart = second + content.length
    const range = (start: number, end: number) =>
      Array.from({ length: end - start }, (_, i) => typeOf(start + i))
    return {
      before: whole.slice(0, first),
      between: whole.slice(betweenStart, second),
      after: whole.slice(afterStart),
      beforeType: range(0, first),
      firstType: typeOf(first),
      betweenType: range(betweenStart, second),
      secondType: typeOf(second),
      afterType: range(afterStart, whole.length),
    }
  }
  return strange()
}

function encode(tokenizer: LibraryTokenizer, text: string, pair?: string): Encoded {
  return tokenizer(text, {
    ...(pair !== undefined && { text_pair: pair }),
    add_special_tokens: true,
    return_token_type_ids: true,
    return_tensor: false,
  })
}

function find(whole: readonly number[], part: readonly number[], from: number): number {
  for (let at = Math.max(from, 0); at + part.length <= whole.length; at++)
    if (part.every((id, i) => whole[at + i] === id)) return at
  return -1
}

function strange(): never {
  throw new RagError(
    'incompatible',
    'The tokenizer of this model changes a text when it adds its special tokens, so texts cannot be cut safely. ' +
      'Use another export of the model.',
  )
}
