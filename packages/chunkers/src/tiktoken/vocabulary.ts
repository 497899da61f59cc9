import { RagError } from '@tesserae/core'
import { MOST_IDS } from './merges.js'

export type TiktokenEncoding = 'cl100k_base' | 'o200k_base' | 'p50k_base' | 'p50k_edit' | 'r50k_base' | 'gpt2'

export const ENCODINGS: readonly TiktokenEncoding[] = [
  'cl100k_base',
  'o200k_base',
  'p50k_base',
  'p50k_edit',
  'r50k_base',
  'gpt2',
]

/** Zero bytes behind the tokens' bytes and behind scratch text, so that whole words may be read anywhere. */
export const PADDING = 8

/** The bytes of all tokens, one after the other. The rank of a token is also its id. */
export interface Vocabulary {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Token t is bytes[offsets[t], offsets[t + 1]). Empty for ids that are not in use. */
  readonly offsets: Uint32Array
  /** Ids, used or not. */
  readonly size: number
}

/** Loads one vocabulary of the installed package `tiktoken`; nothing comes over the network. */
export async function loadVocabulary(encoding: TiktokenEncoding): Promise<Vocabulary> {
  try {
    return parseRanks(ranksOf(await importRanks(encoding)))
  } catch (cause) {
    throw new RagError(
      'unsupported',
      'Counting with tiktoken needs the package "tiktoken", whose vocabulary could not be loaded. Install it: npm install tiktoken.',
      { details: { package: 'tiktoken', encoding }, cause },
    )
  }
}

/** Literal names, so that bundlers see what may be loaded. */
function importRanks(encoding: TiktokenEncoding): Promise<object> {
  switch (encoding) {
    case 'cl100k_base':
      return import('tiktoken/encoders/cl100k_base')
    case 'o200k_base':
      return import('tiktoken/encoders/o200k_base')
    case 'p50k_base':
      return import('tiktoken/encoders/p50k_base')
    case 'p50k_edit':
      return import('tiktoken/encoders/p50k_edit')
    case 'r50k_base':
      return import('tiktoken/encoders/r50k_base')
    case 'gpt2':
      return import('tiktoken/encoders/gpt2')
  }
}

/** The vocabulary is the default export, or the default of that, depending on who loaded the module. */
function ranksOf(module: object): string {
  let value: unknown = module
  for (let depth = 0; depth < 3 && typeof value === 'object' && value !== null; depth++) {
    if ('bpe_ranks' in value && typeof value.bpe_ranks === 'string') return value.bpe_ranks
    value = 'default' in value ? value.default : undefined
  }
  throw new TypeError('The vocabulary file has no bpe_ranks.')
}

const SPACE = 0x20
const LINE_FEED = 0x0a

/**
 * Reads lines of `! <first rank> <token> <token> …`, the tokens in base64. Throws TypeError for anything else,
 * and when the first 256 tokens are not the single bytes: without them, some text would have no tokens.
 */
export function parseRanks(ranks: string): Vocabulary {
  const bytes = new Uint8Array(Math.ceil(ranks.length * 0.75) + PADDING)
  let offsets = new Uint32Array(1 << 17)
  let written = 0
  let token = 0
  let singles = 0
  const add = (start: number, end: number) => {
    if (token + 1 >= offsets.length) {
      const larger = new Uint32Array(offsets.length * 2)
      larger.set(offsets)
      offsets = larger
    }
    const before = written
    written = decodeBase64(ranks, start, end, bytes, before)
    if (written === before + 1 && token < 256) singles++
    offsets[++token] = written
  }
  for (let start = 0; start < ranks.length; ) {
    let lineEnd = ranks.indexOf('\n', start)
    if (lineEnd < 0) lineEnd = ranks.length
    const rankEnd = ranks.indexOf(' ', start + 2)
    if (rankEnd < 0 || rankEnd >= lineEnd) {
      start = lineEnd + 1
      continue
    }
    const firstRank = Number(ranks.slice(start + 2, rankEnd))
    if (!ranks.startsWith('! ', start) || !(firstRank >= token)) {
      throw new TypeError(
        'A line of bpe_ranks does not begin with an exclamation mark and an ascending rank.',
      )
    }
    // Ids between the lines belong to special tokens, which are text here.
    while (token < firstRank) add(0, 0)
    for (let from = rankEnd + 1; from < lineEnd; ) {
      let to = from
      for (let unit = ranks.charCodeAt(to); unit !== SPACE && unit !== LINE_FEED && to < lineEnd; ) {
        unit = ranks.charCodeAt(++to)
      }
      add(from, to)
      from = to + 1
    }
    start = lineEnd + 1
  }
  if (token > MOST_IDS) throw new TypeError(`The vocabulary has ${token} tokens, more than ${MOST_IDS}.`)
  if (singles < 256) throw new TypeError(`Of the first 256 tokens, ${singles} are single bytes, not all.`)
  return { bytes: bytes.slice(0, written + PADDING), offsets: offsets.slice(0, token + 1), size: token }
}

const SEXTETS = new Uint8Array(128)
for (let i = 0; i < 64; i++) {
  SEXTETS['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.charCodeAt(i)] = i
}

/** Decodes text[start, end) to `bytes` from `at` on; returns where the bytes end. */
function decodeBase64(text: string, start: number, end: number, bytes: Uint8Array, at: number): number {
  let buffer = 0
  let bits = 0
  let written = at
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 0x3d) break
    buffer = ((buffer << 6) | SEXTETS[unit]!) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[written++] = buffer >>> bits
    }
  }
  return written
}
