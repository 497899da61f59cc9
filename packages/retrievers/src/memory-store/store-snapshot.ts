import { Bitset, type LexicalIndex, type Metadata, RagError, type VectorIndex } from '@tesserae/core'
import {
  corrupt,
  type HeadFields,
  readSnapshot,
  requireSame,
  type Savable,
  type Section,
  type SectionReader,
  type SnapshotParts,
  type SnapshotReader,
  snapshotParts,
  wholeSection,
  withinMemory,
} from '../snapshot/index.js'
import { type ChunkLine, decodeLines, encodeLines } from './chunk-lines.js'

/** Bytes of an inner snapshot handed on at once. */
const partBytes = 2 ** 20

/** Everything a store holds, by ordinal. */
export interface StoreContent {
  /** Ordinals of the chunks, oldest first. */
  readonly order: Uint32Array
  /** The same ordinals, those of each document together and in its order. */
  readonly byDocument: Uint32Array
  /** The one that is given out next last. */
  readonly released: Uint32Array
  /** Ordinals that have a vector. */
  readonly vectored: Bitset
  readonly lineOf: (ordinal: number) => ChunkLine
  readonly lexical: LexicalIndex
  readonly vectors: VectorIndex | undefined
  /** By document. */
  readonly seals: ReadonlyMap<string, string>
}

/** What a store is made of when it is loaded: indexes that are still empty. */
export interface StoreIndexes {
  readonly lexical: LexicalIndex
  readonly vectors: VectorIndex | undefined
}

export interface LoadedStore<M extends Metadata> {
  readonly order: Uint32Array
  readonly byDocument: Uint32Array
  readonly released: Uint32Array
  readonly vectored: Bitset
  /** In the order of `order`. */
  readonly lines: readonly ChunkLine<M>[]
  readonly seals: Map<string, string>
}

export function storeParts(content: StoreContent, options: HeadFields, version: () => number): SnapshotParts {
  const { order, lexical, vectors } = content
  const lines = encodeLines({
    *[Symbol.iterator]() {
      for (const ordinal of order) yield content.lineOf(ordinal)
    },
  })
  const vectored: number[] = []
  for (let at = content.vectored.next(0); at >= 0; at = content.vectored.next(at + 1)) vectored.push(at)
  const sections: Section[] = [
    wholeSection('order', order),
    wholeSection('byDocument', content.byDocument),
    wholeSection('released', content.released),
    wholeSection('vectored', Uint32Array.from(vectored)),
    {
      name: 'chunks',
      type: 'u8',
      length: lines.reduce((sum, part) => sum + part.length, 0),
      parts: () => lines,
    },
    innerSection('lexical', lexical),
  ]
  if (vectors !== undefined) sections.push(innerSection('vectors', vectors))
  if (content.seals.size > 0) sections.push(sealSection(content.seals))
  return snapshotParts({ kind: 'memory-store', options, state: {}, sections, version })
}

/** Can be passed over: without seals, documents are compared once more. */
function sealSection(seals: ReadonlyMap<string, string>): Section {
  const bytes = new TextEncoder().encode(JSON.stringify([...seals]))
  return { name: 'seals', type: 'u8', length: bytes.length, optional: true, parts: () => [bytes] }
}

function readSeals(reader: SnapshotReader, lines: readonly ChunkLine[]): Map<string, string> {
  if (!reader.has('seals')) return new Map()
  const bytes = reader.section('seals', 'u8').bytes()
  const documents = new Set(lines.map(({ chunk }) => chunk.documentId))
  try {
    const seals = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
    const isSeal = (pair: unknown): pair is [string, string] =>
      Array.isArray(pair) && pair.length === 2 && documents.has(pair[0]) && typeof pair[1] === 'string'
    if (Array.isArray(seals) && seals.every(isSeal)) return new Map(seals)
  } catch {
    // Refused like what is no list of seals.
  }
  corrupt('its seals cannot be read')
}

/** The snapshot of an index as a section of another. */
function innerSection(name: 'lexical' | 'vectors', index: LexicalIndex | VectorIndex): Section {
  const parts = savable(name, index).saveParts()
  return { name, type: 'u8', length: parts.byteLength, parts: () => parts }
}

/** Fills the indexes and returns the rest. Throws before anything is kept when the parts do not fit together. */
export function readStore<M extends Metadata>(
  snapshot: Uint8Array | Iterable<Uint8Array>,
  options: HeadFields,
  { lexical, vectors }: StoreIndexes,
): LoadedStore<M> {
  return withinMemory(() =>
    readSnapshot(snapshot, 'memory-store', (reader) => {
      requireSame(options, reader.options)
      const order = reader.section('order', 'u32').words()
      const byDocument = reader.section('byDocument', 'u32').words()
      const released = reader.section('released', 'u32').words()
      checkOrdinals(order, byDocument, released)
      const vectored = bitsetOf(reader.section('vectored', 'u32').words(), order)
      const lines = [...decodeLines<M>(reader.section('chunks', 'u8'), order.length)]
      checkLines(lines, order, byDocument)
      savable('lexical', lexical).load(bytesOf(reader.section('lexical', 'u8')))
      checkEntries(lexical, order.length, order)
      if (vectors !== undefined) {
        savable('vectors', vectors).load(bytesOf(reader.section('vectors', 'u8')))
        const ordinals = order.filter((ordinal) => vectored.has(ordinal))
        checkEntries(vectors, ordinals.length, ordinals)
      } else if (vectored.count() > 0) corrupt('it has vectors without dimensions')
      const seals = readSeals(reader, lines)
      return { order, byDocument, released, vectored, lines, seals }
    }),
  )
}

/** Each ordinal below the number of all stands once in `order` or `released`, and once more in `byDocument`. */
function checkOrdinals(order: Uint32Array, byDocument: Uint32Array, released: Uint32Array): void {
  const seen = new Uint8Array(order.length + released.length)
  for (const [list, before, after] of [
    [order, 0, 1],
    [released, 0, 2],
    [byDocument, 1, 3],
  ] as const) {
    for (const ordinal of list) {
      if (seen[ordinal] !== before) corrupt('its ordinals are not each there once')
      seen[ordinal] = after
    }
  }
  if (byDocument.length !== order.length) corrupt('its documents have more or fewer chunks')
}

function bitsetOf(ordinals: Uint32Array, order: Uint32Array): Bitset {
  const known = new Bitset()
  for (const ordinal of order) known.add(ordinal)
  const bitset = new Bitset()
  for (const ordinal of ordinals) {
    if (!known.has(ordinal)) corrupt('a vector belongs to no chunk')
    bitset.add(ordinal)
  }
  return bitset
}

function checkLines(lines: readonly ChunkLine[], order: Uint32Array, byDocument: Uint32Array): void {
  const ids = new Set<string>()
  const documentOf = new Map<number, string>()
  for (let i = 0; i < lines.length; i++) {
    const { id, documentId } = lines[i]!.chunk
    if (ids.has(id)) corrupt('an id comes twice')
    ids.add(id)
    documentOf.set(order[i]!, documentId)
  }
  const begun = new Set<string>()
  let last: string | undefined
  for (const ordinal of byDocument) {
    const documentId = documentOf.get(ordinal)!
    if (documentId !== last && begun.has(documentId)) corrupt('the chunks of a document are not together')
    begun.add(documentId)
    last = documentId
  }
}

/** An index must hold these ordinals and no other: otherwise a search would lead to chunks that are not there. */
function checkEntries(index: LexicalIndex | VectorIndex, size: number, ordinals: Uint32Array): void {
  const agrees = index.size === size && (!canTell(index) || ordinals.every((ordinal) => index.has(ordinal)))
  if (!agrees) corrupt('an index in it holds other entries than the store')
}

function* bytesOf(section: SectionReader): Generator<Uint8Array> {
  for (let left = section.length; left > 0; ) {
    const part = new Uint8Array(Math.min(left, partBytes))
    section.fill(part)
    left -= part.length
    yield part
  }
}

function canTell<T extends object>(index: T): index is T & { has(ordinal: number): boolean } {
  return 'has' in index && typeof index.has === 'function'
}

function savable(name: 'lexical' | 'vectors', index: LexicalIndex | VectorIndex): Savable {
  if ('saveParts' in index && 'load' in index) return index as (LexicalIndex | VectorIndex) & Savable
  throw new RagError(
    'unsupported',
    `The ${name === 'lexical' ? 'lexical' : 'vector'} index of this store has no \`saveParts\` and \`load\`. Use \`bm25Index\`, \`flatIndex\` or \`hnswIndex\`, or give it both.`,
    { details: { index: name } },
  )
}
