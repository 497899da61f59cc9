import { RagError } from '@tesserae/core'

/**
 * A snapshot, all numbers little-endian:
 *
 * | bytes    | what                                                                               |
 * | -------- | ---------------------------------------------------------------------------------- |
 * | 0 … 8    | magic: a byte above 127, `TSS`, and line ends that a transfer as text would change |
 * | 8, 10    | major and minor version of the format, 16 bits each                                |
 * | 12       | bytes of the head, a multiple of 16                                                |
 * | 16       | bytes of the whole, 64 bits                                                        |
 * | 24       | zero                                                                               |
 * | 28       | checksum of these 32 bytes (with zero in its own place) and the head               |
 * | 32 …     | the head: JSON in UTF-8, filled up with spaces                                     |
 *
 * Then the sections in the order of the head. Each starts at a multiple of 16, holds its numbers, zeros, and as its last
 * four bytes the checksum of all that comes before in it. See {@link Checksum}.
 */
export const magic: readonly number[] = [0x89, 0x54, 0x53, 0x53, 0x0d, 0x0a, 0x1a, 0x0a]
export const preambleBytes = 32
export const majorVersion = 1
export const minorVersion = 0

/** A head longer than this is not one of ours. */
export const mostHeadBytes = 2 ** 24

export type SnapshotKind = 'flat' | 'hnsw' | 'bm25' | 'memory-store'

/** What the numbers of a section are: unsigned integers, or floats, of that many bits. */
export type SectionType = 'u8' | 'u16' | 'u32' | 'f32'

/** Bytes of a number of any type of that form, of types to come as well; undefined for others. */
export function elementBytes(type: string): number | undefined {
  const bits = /^[a-z](8|16|32|64)$/.exec(type)?.[1]
  return bits === undefined ? undefined : Number(bits) / 8
}

export type SectionArray = Uint8Array | Uint16Array | Uint32Array | Float32Array

export interface SectionHead {
  readonly name: string
  /** A {@link SectionType}, or one of a later version. */
  readonly type: string
  /** Numbers, not bytes. */
  readonly length: number
  /** A reader that does not know it may pass over it. */
  readonly optional?: true | undefined
}

/** Settings and counters: flat, so that two heads can be compared. */
export type HeadValue = string | number | boolean | null
export type HeadFields = { readonly [name: string]: HeadValue }

export interface SnapshotHead {
  readonly kind: SnapshotKind
  /** What whoever loads it must agree with. */
  readonly options: HeadFields
  readonly state: HeadFields
  readonly sections: readonly SectionHead[]
}

/** Bytes that a section takes, its zeros and checksum included. */
export function storedBytes({ type, length }: SectionHead): number {
  return Math.ceil((length * (elementBytes(type) ?? 1) + 4) / 16) * 16
}

export function corrupt(what: string): never {
  throw new RagError(
    'corrupt-data',
    `This snapshot cannot be used: ${what}. Nothing was loaded; save it anew or take an intact copy.`,
  )
}

export function requireLittleEndian(): void {
  if (new Uint8Array(Uint32Array.of(1).buffer)[0] === 1) return
  throw new RagError('unsupported', 'Snapshots need a little-endian machine; this one is big-endian.')
}
