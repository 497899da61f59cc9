import type { Chunk, Metadata, MetadataValue } from '@tesserae/core'
import { corrupt, type SectionReader } from '../snapshot/index.js'
import { storedChunk } from './stored-chunk.js'

/** Bytes encoded, and read, at once. */
const partBytes = 2 ** 20

/** A chunk and its revision, one line of JSON each. */
export interface ChunkLine<M extends Metadata = Metadata> {
  readonly chunk: Chunk<M>
  readonly revision: string
}

/** The lines in UTF-8. */
export function encodeLines(lines: Iterable<ChunkLine>): Uint8Array<ArrayBuffer>[] {
  const encoder = new TextEncoder()
  const parts: Uint8Array<ArrayBuffer>[] = []
  let text = ''
  for (const { chunk, revision } of lines) {
    text += `${JSON.stringify([revision, { ...chunk, metadata: writable(chunk.metadata) }])}\n`
    if (text.length < partBytes) continue
    parts.push(encoder.encode(text))
    text = ''
  }
  if (text !== '') parts.push(encoder.encode(text))
  return parts
}

/** The lines of a section, which must be `count`. */
export function* decodeLines<M extends Metadata>(
  section: SectionReader,
  count: number,
): Generator<ChunkLine<M>> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let rest = ''
  let found = 0
  for (let left = section.length; left > 0; ) {
    const bytes = new Uint8Array(Math.min(left, partBytes))
    section.fill(bytes)
    left -= bytes.length
    const lines = (rest + decoded(decoder, bytes, left > 0)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      found++
      yield decodeLine<M>(line)
    }
  }
  if (rest !== '' || found !== count) corrupt('it has more or fewer chunks than ids')
}

function decoded(decoder: TextDecoder, bytes: Uint8Array, stream: boolean): string {
  try {
    return decoder.decode(bytes, { stream })
  } catch {
    corrupt('the text of a chunk is not UTF-8')
  }
}

/** That the metadata has the fields of `M` is known to who saved it, not here. */
function decodeLine<M extends Metadata>(line: string): ChunkLine<M> {
  try {
    const [revision, chunk] = JSON.parse(line) as [unknown, Chunk<M>]
    if (typeof revision !== 'string') throw new TypeError('it has no revision')
    return { chunk: storedChunk({ ...chunk, metadata: readable(chunk.metadata) as M }), revision }
  } catch (error) {
    corrupt(`a chunk cannot be read (${error instanceof Error ? error.message : String(error)})`)
  }
}

/** JSON has no word for NaN, infinities and minus zero. Metadata holds no objects, so those stand for them. */
interface OddNumber {
  readonly number: string
}

const isOdd = (value: unknown) =>
  typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
const nameOf = (value: unknown): OddNumber => ({ number: Object.is(value, -0) ? '-0' : String(value) })

/** What JSON can hold of metadata. */
export function writable(metadata: Metadata): { readonly [field: string]: unknown } {
  const odd = (value: MetadataValue) => (Array.isArray(value) ? value.some(isOdd) : isOdd(value))
  if (!Object.values(metadata).some(odd)) return metadata
  const write = (value: unknown) => (isOdd(value) ? nameOf(value) : value)
  return Object.fromEntries(
    Object.entries(metadata).map(([field, value]) => [
      field,
      Array.isArray(value) ? value.map(write) : write(value),
    ]),
  )
}

/** The metadata that {@link writable} was given. */
export function readable(metadata: { readonly [field: string]: unknown }): Metadata {
  const values = Object.values(metadata)
  const isNamed = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const holdsNamed = (value: unknown) => (Array.isArray(value) ? value.some(isNamed) : isNamed(value))
  // What is not metadata all the same is refused when it is stored.
  if (!values.some(holdsNamed)) return metadata as Metadata
  const read = (value: unknown) => (isNamed(value) ? Number((value as OddNumber).number) : value)
  return Object.fromEntries(
    Object.entries(metadata).map(([field, value]) => [
      field,
      Array.isArray(value) ? value.map(read) : read(value),
    ]),
  ) as Metadata
}
