import { RagError } from '@tesserae/core'
import { type BitWidth, bitWidths, packBits, packedBytes, unpackBits } from './bits.js'
import { checksum } from './checksum.js'

/**
 * A table of token vectors, as it lies in its file. All integers are little-endian.
 *
 *     0  "TESSERAE"                      8 bytes
 *     8  version, dimensions, rows, ids, runs, notice bytes, vocabulary bytes     7 × uint32
 *    36  bits of a number: 2, 4 or 8     uint32; zero in version 1, which knows 8 only
 *    40  checksum of everything else     2 × uint32
 *    48  runs: first id, number of ids   2 × uint32 each; rows are the ids of the runs, in order
 *        scales                          float32 per row
 *        notice, vocabulary              UTF-8; pieces one per line; padded with zeros to 4 bytes
 *        rows                            rows × dimensions, packed as in bits.ts, padded with zeros to 4 bytes
 *
 * The vector of a token is its row times its scale. The token's weight in a sum is part of the scale.
 */
export interface TableParts {
  readonly dimensions: number
  /** Bits of a number in the file. */
  readonly bits: BitWidth
  /** Number of ids of the vocabulary, those without a row included. */
  readonly vocabularySize: number
  /** Id of each row, ascending. */
  readonly ids: Uint16Array | Uint32Array
  readonly scales: Float32Array
  /** `rows × dimensions`; of a table read with 8 bits a number, a view of the file's bytes. */
  readonly rows: Int8Array
  /** Origin and licence. */
  readonly notice: string
  /** The pieces of the rows, one per line. */
  readonly vocabulary: string
}

/** A table as it was read. */
export interface ModelFile extends TableParts {
  /** The checksum in hexadecimal: same hash, same vectors. */
  readonly hash: string
}

const magic = 'TESSERAE'
const version = 2
const headerBytes = 48
/** More than any table of this kind has; keeps a damaged header from asking for the whole memory. */
const limits = { dimensions: 4096, rows: 1 << 22, runs: 1 << 20, text: 1 << 26 }

function incompatible(message: string, details: Record<string, string | number>): never {
  throw new RagError('incompatible', message, { details })
}

function corrupt(message: string, details: Record<string, string | number>): never {
  throw new RagError('corrupt-data', message, { details })
}

function padded(bytes: number): number {
  return (bytes + 3) & ~3
}

interface Header {
  readonly dimensions: number
  readonly bits: BitWidth
  readonly rows: number
  readonly ids: number
  readonly runs: number
  readonly noticeBytes: number
  readonly vocabularyBytes: number
}

function readHeader(view: DataView, name: string): Header {
  let found = ''
  for (let i = 0; i < Math.min(8, view.byteLength); i++) found += String.fromCharCode(view.getUint8(i))
  if (!magic.startsWith(found) || found === '') {
    incompatible(
      `${name} must begin with "${magic}", got ${JSON.stringify(found)}: it is not a table of static embeddings. Pass the file that ships with this package or one made by its script.`,
      { bytes: view.byteLength },
    )
  }
  if (view.byteLength < headerBytes) {
    corrupt(
      `${name} must have a header of ${headerBytes} bytes, got ${view.byteLength} bytes: it is cut off. Copy or download it again.`,
      {
        bytes: view.byteLength,
      },
    )
  }
  const stated = view.getUint32(8, true)
  if (stated < 1 || stated > version) {
    incompatible(
      `${name} must have format version 1 or ${version}, got ${stated}. Use the file that belongs to this version of the package.`,
      {
        version: stated,
      },
    )
  }
  const statedBits = stated === 1 && view.getUint32(36, true) === 0 ? 8 : view.getUint32(36, true)
  const bits = bitWidths.find((width) => width === statedBits)
  const header = {
    dimensions: view.getUint32(12, true),
    rows: view.getUint32(16, true),
    ids: view.getUint32(20, true),
    runs: view.getUint32(24, true),
    noticeBytes: view.getUint32(28, true),
    vocabularyBytes: view.getUint32(32, true),
  }
  const sane =
    bits !== undefined &&
    header.dimensions >= 1 &&
    header.dimensions <= limits.dimensions &&
    header.rows >= 1 &&
    header.rows <= limits.rows &&
    header.ids >= header.rows &&
    header.ids <= limits.rows &&
    header.runs <= limits.runs &&
    header.noticeBytes <= limits.text &&
    header.vocabularyBytes <= limits.text
  if (!sane)
    corrupt(`${name} has a header whose sizes make no sense: it is damaged. Copy or download it again.`, {
      ...header,
      bits: statedBits,
    })
  return { ...header, bits }
}

function readIds(view: DataView, header: Header, name: string): Uint16Array | Uint32Array {
  const ids = header.ids <= 0x10000 ? new Uint16Array(header.rows) : new Uint32Array(header.rows)
  let row = 0
  let next = 0
  for (let run = 0; run < header.runs; run++) {
    const first = view.getUint32(headerBytes + run * 8, true)
    const count = view.getUint32(headerBytes + run * 8 + 4, true)
    if (first < next || first + count > header.ids || row + count > header.rows)
      corrupt(`${name} has runs of ids that overlap or leave the vocabulary. Copy or download it again.`, {
        run,
      })
    for (let i = 0; i < count; i++) ids[row++] = first + i
    next = first + count
  }
  if (row !== header.rows)
    corrupt(
      `${name} must have an id for each of its ${header.rows} rows, got ${row}. Copy or download it again.`,
      { row },
    )
  return ids
}

/**
 * Checks and opens a table. The rows stay where they are; only ids, scales and the vocabulary are copied.
 *
 * @param name how messages call the file.
 * @throws RagError `incompatible` for another kind of file or format version, `corrupt-data` for a damaged one.
 */
export function readModelFile(bytes: Uint8Array, name = 'The model file'): ModelFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const header = readHeader(view, name)
  const scalesAt = headerBytes + header.runs * 8
  const noticeAt = scalesAt + header.rows * 4
  const vocabularyAt = noticeAt + header.noticeBytes
  const rowsAt = padded(vocabularyAt + header.vocabularyBytes)
  const numbers = header.rows * header.dimensions
  const size = rowsAt + padded(packedBytes(numbers, header.bits))
  if (bytes.byteLength !== size) {
    corrupt(
      `${name} must have ${size} bytes, got ${bytes.byteLength}: it is cut off or something was added. Copy or download it again.`,
      {
        expected: size,
        bytes: bytes.byteLength,
      },
    )
  }
  const [first, second] = checksum(bytes, [
    [8, 40],
    [headerBytes, size],
  ])
  if (first !== view.getUint32(40, true) || second !== view.getUint32(44, true))
    corrupt(
      `${name} must match its own checksum, and it does not: it is damaged. Copy or download it again.`,
      { bytes: size },
    )
  const rows = unpackBits(bytes.subarray(rowsAt), numbers, header.bits)
  if (rows === undefined)
    corrupt(`${name} holds numbers that no table has: it is damaged. Copy or download it again.`, {
      bits: header.bits,
    })
  const scales = new Float32Array(header.rows)
  for (let row = 0; row < header.rows; row++) scales[row] = view.getFloat32(scalesAt + row * 4, true)
  const decoder = new TextDecoder()
  const hex = (part: number) => part.toString(16).padStart(8, '0')
  return {
    dimensions: header.dimensions,
    bits: header.bits,
    vocabularySize: header.ids,
    ids: readIds(view, header, name),
    scales,
    rows,
    notice: decoder.decode(bytes.subarray(noticeAt, vocabularyAt)),
    vocabulary: decoder.decode(bytes.subarray(vocabularyAt, vocabularyAt + header.vocabularyBytes)),
    hash: hex(first) + hex(second),
  }
}

/** [first id, number of ids] of each gapless run of ascending ids. */
function runsOf(ids: ArrayLike<number>): number[] {
  const runs: number[] = []
  for (let row = 0; row < ids.length; row++) {
    if (row === 0 || ids[row] !== ids[row - 1]! + 1) runs.push(ids[row]!, 0)
    runs[runs.length - 1]! += 1
  }
  return runs
}

/** The file that `readModelFile` reads as these parts. */
export function writeModelFile(parts: TableParts): Uint8Array {
  const { dimensions, bits, vocabularySize, ids, scales, rows } = parts
  const notice = new TextEncoder().encode(parts.notice)
  const vocabulary = new TextEncoder().encode(parts.vocabulary)
  const runs = runsOf(ids)
  const scalesAt = headerBytes + runs.length * 4
  const noticeAt = scalesAt + scales.length * 4
  const rowsAt = padded(noticeAt + notice.length + vocabulary.length)
  const bytes = new Uint8Array(rowsAt + padded(packedBytes(rows.length, bits)))
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < magic.length; i++) bytes[i] = magic.charCodeAt(i)
  const sizes = [dimensions, ids.length, vocabularySize, runs.length / 2, notice.length, vocabulary.length]
  for (const [i, value] of [version, ...sizes, bits].entries()) view.setUint32(8 + i * 4, value, true)
  for (const [i, value] of runs.entries()) view.setUint32(headerBytes + i * 4, value, true)
  for (const [row, scale] of scales.entries()) view.setFloat32(scalesAt + row * 4, scale, true)
  bytes.set(notice, noticeAt)
  bytes.set(vocabulary, noticeAt + notice.length)
  bytes.set(packBits(rows, bits), rowsAt)
  const [first, second] = checksum(bytes, [
    [8, 40],
    [headerBytes, bytes.length],
  ])
  view.setUint32(40, first, true)
  view.setUint32(44, second, true)
  return bytes
}
