import { checkInteger, invalid } from '@tesserae/core'
import { type BitWidth, bitWidths, roundRow } from './bits.js'
import { readModelFile, writeModelFile } from './model-file.js'

export interface SmallerTableOptions {
  /** Numbers kept of each vector: the first, which tell the most. @default all */
  readonly dimensions?: number | undefined
  /** Bits of each number: 2, 4 or 8. @default as they are */
  readonly bits?: BitWidth | undefined
  /**
   * Most pieces kept of the vocabulary: single characters and special tokens in any case, then by id, which is by how
   * common they are. A word whose piece goes is read as shorter pieces. @default all
   */
  readonly pieces?: number | undefined
}

/** How the small table was made of the full one: a third of its size, and as good as can be for it. */
export const smallTableOptions: SmallerTableOptions = { dimensions: 256, bits: 2 }

/** A piece that no vocabulary may lose: a special token, or a character that every word can fall back to. */
function basic(piece: string): boolean {
  if (/^\[[A-Z]+\]$/.test(piece)) return true
  return [...(piece.startsWith('##') ? piece.slice(2) : piece)].length <= 1
}

/**
 * A smaller table out of another, for `staticEmbedder({ bytes })`: the same table and options give the same bytes.
 * `data/static-en-256.bin` was made by this.
 *
 * @throws RagError `invalid-argument` for options the table cannot meet, `corrupt-data` and `incompatible` as
 * `staticEmbedder`.
 */
export function smallerTable(table: Uint8Array, options: SmallerTableOptions = {}): Uint8Array {
  const file = readModelFile(table, 'The table')
  const dimensions = checkInteger('dimensions', options.dimensions ?? file.dimensions, 1, file.dimensions)
  const bits = bitWidths.find((width) => width === (options.bits ?? file.bits))
  if (bits === undefined) invalid('bits', '2, 4 or 8', options.bits)
  const pieces = file.vocabulary.split('\n')
  const needed = pieces.filter(basic).length
  let free = checkInteger('pieces', options.pieces ?? pieces.length, needed) - needed
  const kept: number[] = []
  for (const [row, piece] of pieces.entries()) {
    if (basic(piece)) kept.push(row)
    else if (free-- > 0) kept.push(row)
  }
  const rows = new Int8Array(kept.length * dimensions)
  const scales = new Float32Array(kept.length)
  const row = new Float64Array(dimensions)
  for (const [place, source] of kept.entries()) {
    for (let k = 0; k < dimensions; k++) row[k] = file.rows[source * file.dimensions + k]!
    const { numbers, scale } = roundRow(row, bits)
    rows.set(numbers, place * dimensions)
    scales[place] = scale * file.scales[source]!
  }
  return writeModelFile({
    dimensions,
    bits,
    vocabularySize: file.vocabularySize,
    ids: Uint32Array.from(kept, (r) => file.ids[r]!),
    scales,
    rows,
    notice: file.notice,
    vocabulary: kept.map((r) => pieces[r]!).join('\n'),
  })
}
