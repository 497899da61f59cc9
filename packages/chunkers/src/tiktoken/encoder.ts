import { RagError } from '@tesserae/core'

export type TiktokenEncoding = 'cl100k_base' | 'o200k_base' | 'p50k_base' | 'p50k_edit' | 'r50k_base' | 'gpt2'

export const ENCODINGS: readonly TiktokenEncoding[] = [
  'cl100k_base',
  'o200k_base',
  'p50k_base',
  'p50k_edit',
  'r50k_base',
  'gpt2',
]

/** Byte-pair encoding of one text, as lengths: all that offsets need. */
export interface ByteEncoder {
  /** UTF-8 bytes of each token of `text`, in order. Special tokens are text like any other. */
  tokenBytes(text: string): Uint32Array
  free(): void
}

/** Loads one vocabulary of the installed `tiktoken` package; nothing comes over the network. */
export async function loadEncoder(encoding: TiktokenEncoding): Promise<ByteEncoder> {
  const { Tiktoken, ranks } = await loadPackage(encoding)
  const tiktoken = new Tiktoken(ranks.bpe_ranks, ranks.special_tokens, ranks.pat_str)
  /** Byte length by token id, 0 while unknown. */
  let lengths = new Uint8Array(1 << 17)
  return {
    tokenBytes(text) {
      const tokens = tiktoken.encode_ordinary(text)
      for (let i = 0; i < tokens.length; i++) {
        const id = tokens[i]!
        if (id >= lengths.length) lengths = grown(lengths, id)
        let length = lengths[id]!
        if (length === 0) {
          length = tiktoken.decode_single_token_bytes(id).length
          lengths[id] = length
        }
        tokens[i] = length
      }
      return tokens
    },
    free: () => tiktoken.free(),
  }
}

function grown(lengths: Uint8Array<ArrayBuffer>, id: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(id + 1, lengths.length * 2))
  larger.set(lengths)
  return larger
}

async function loadPackage(encoding: TiktokenEncoding) {
  try {
    const [lite, ranks] = await Promise.all([import('tiktoken/lite'), importRanks(encoding)])
    return { Tiktoken: lite.Tiktoken, ranks: ranksOf(ranks) }
  } catch (cause) {
    throw new RagError(
      'unsupported',
      'Counting with tiktoken needs the package "tiktoken", which could not be loaded. Install it: npm install tiktoken.',
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

interface Ranks {
  readonly bpe_ranks: string
  readonly special_tokens: Record<string, number>
  readonly pat_str: string
}

/** The vocabulary is the default export, or the default of that, depending on who loaded the module. */
function ranksOf(module: object): Ranks {
  let value: unknown = module
  for (let depth = 0; depth < 3; depth++) {
    if (isRanks(value)) return value
    if (typeof value !== 'object' || value === null || !('default' in value)) break
    value = value.default
  }
  throw new TypeError('The vocabulary file has no bpe_ranks, special_tokens and pat_str.')
}

function isRanks(value: unknown): value is Ranks {
  return (
    typeof value === 'object' &&
    value !== null &&
    'bpe_ranks' in value &&
    'special_tokens' in value &&
    'pat_str' in value
  )
}
