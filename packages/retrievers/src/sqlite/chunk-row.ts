import { type Chunk, type Metadata, RagError } from '@tesserae/core'
import { readable, writable } from '../memory-store/chunk-lines.js'
import { storedChunk } from '../memory-store/stored-chunk.js'
import type { SqliteRow, SqliteValue } from './driver.js'

/** Metadata lies in a column of its own: opening a store reads it without the texts. */
export function encodeChunk(chunk: Chunk): { readonly metadata: string; readonly content: string } {
  const { metadata, ...content } = chunk
  return { metadata: JSON.stringify(writable(metadata)), content: JSON.stringify(content) }
}

export function decodeMetadata(value: SqliteValue | undefined): Metadata {
  return decoded(value, (json) => readable(json as { readonly [field: string]: unknown }))
}

/** The chunk of a row with `metadata` and `content`, frozen. That it has the fields of `M` is known to who wrote it. */
export function decodeChunk<M extends Metadata>(row: SqliteRow): Chunk<M> {
  const metadata = decodeMetadata(row.metadata) as M
  return decoded(row.content, (content) => storedChunk({ ...(content as Omit<Chunk, 'metadata'>), metadata }))
}

function decoded<T>(value: SqliteValue | undefined, use: (json: unknown) => T): T {
  try {
    return use(JSON.parse(String(value)))
  } catch (cause) {
    throw new RagError(
      'corrupt-data',
      'A chunk in the store cannot be read. Take an intact copy of the file, or ingest into a new one.',
      { cause },
    )
  }
}

/** The numbers as they lie in memory here; `openStore` refuses machines where that is not little-endian. */
export function encodeVector(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
}

/** A copy: a driver's bytes need not begin at a multiple of four, and may be its own. */
export function numbersOf(bytes: Uint8Array): Float32Array {
  // Not `slice`, which copies nothing where they are a Buffer.
  return new Float32Array(new Uint8Array(bytes).buffer)
}

export function decodeVector(value: SqliteValue | undefined, dimensions: number): Float32Array {
  if (!(value instanceof Uint8Array) || value.length !== dimensions * 4) {
    throw new RagError(
      'corrupt-data',
      'A vector in the store has another length than its dimensions. Take an intact copy of the file, or ingest into a new one.',
    )
  }
  return numbersOf(value)
}
