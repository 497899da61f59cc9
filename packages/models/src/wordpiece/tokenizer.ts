import { RagError, type Tokenizer } from '@tesserae/core'
import { Characters } from './characters.js'
import { Scanner } from './scanner.js'
import { Vocabulary } from './vocabulary.js'

/** A core `Tokenizer` that also tells the ids. */
export interface WordPieceTokenizer extends Tokenizer {
  /** Number of ids, those of pieces that are never produced included. */
  readonly vocabularySize: number
  /** Ids of the tokens in order, without the [CLS] and [SEP] that a model puts around them. */
  ids(text: string): Int32Array
  /** End of each token in UTF-16 code units; equal neighbours where one character gives several tokens. */
  ends(text: string): Uint32Array
}

let shared: Characters | undefined

/** One table of characters for all tokenizers of a process: it depends on nothing but Unicode. */
export function sharedCharacters(): Characters {
  shared ??= new Characters()
  return shared
}

function checkText(text: unknown): asserts text is string {
  if (typeof text !== 'string')
    throw new RagError(
      'invalid-argument',
      `\`text\` must be a string, got ${text === null ? 'null' : typeof text}.`,
    )
}

/** Wraps a scanner; `idOf` maps rows to ids where a vocabulary leaves some out. */
export function tokenizerOf(
  id: string,
  scanner: Scanner,
  vocabularySize: number,
  idOf: Uint16Array | Uint32Array | undefined,
): WordPieceTokenizer {
  function scan(text: string): void {
    checkText(text)
    scanner.clear()
    scanner.scan(text, 0, text.length)
  }
  return {
    id,
    vocabularySize,
    ids(text) {
      scan(text)
      const ids = scanner.rows.slice(0, scanner.count)
      if (idOf !== undefined) for (let i = 0; i < ids.length; i++) ids[i] = idOf[ids[i]!]!
      return ids
    },
    ends(text) {
      scan(text)
      return scanner.ends.slice(0, scanner.count)
    },
  }
}

export interface WordPieceOptions {
  /** All pieces in id order: the lines of a BERT model's `vocab.txt`. Must contain `[UNK]`. */
  readonly vocabulary: readonly string[]
  /** Names the vocabulary in chunker ids. @default 'wordpiece@' and a hash of the pieces */
  readonly id?: string | undefined
}

/**
 * WordPiece as uncased BERT models use it, from a vocabulary. `staticEmbedder` brings its own: see its
 * `tokenizer`.
 *
 * @throws RagError `invalid-argument` for an empty vocabulary or a piece with a line break in it,
 * `incompatible` for one without `[UNK]`.
 */
export function wordPieceTokenizer(options: WordPieceOptions): WordPieceTokenizer {
  const { vocabulary } = options
  if (!Array.isArray(vocabulary) || vocabulary.length === 0)
    throw new RagError(
      'invalid-argument',
      '`vocabulary` must be an array of at least one piece. Pass the lines of vocab.txt.',
    )
  const text = vocabulary.join('\n')
  const pieces = new Vocabulary(text)
  if (pieces.size !== vocabulary.length)
    throw new RagError(
      'invalid-argument',
      `\`vocabulary\` must hold one piece per entry without line breaks, but ${vocabulary.length} entries hold ${pieces.size} lines. Split the file at its line breaks.`,
    )
  const id = options.id ?? `wordpiece@${pieces.hash}`
  return tokenizerOf(id, new Scanner(pieces, sharedCharacters()), vocabulary.length, undefined)
}
