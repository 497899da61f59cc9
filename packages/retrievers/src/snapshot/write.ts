import { RagError } from '@tesserae/core'
import { Checksum } from './checksum.js'
import {
  elementBytes,
  type HeadFields,
  magic,
  majorVersion,
  minorVersion,
  preambleBytes,
  requireLittleEndian,
  type SectionArray,
  type SectionHead,
  type SectionType,
  type SnapshotHead,
  type SnapshotKind,
  storedBytes,
} from './format.js'

/** A snapshot in pieces, made as they are taken: write them one after the other. */
export interface SnapshotParts extends Iterable<Uint8Array<ArrayBuffer>> {
  /** Of all parts together. */
  readonly byteLength: number
}

export interface Section extends SectionHead {
  readonly type: SectionType
  /** The numbers, `length` in all. A part need not stay valid after the next is asked for. */
  readonly parts: () => Iterable<SectionArray>
}

export interface SnapshotContent {
  readonly kind: SnapshotKind
  readonly options: HeadFields
  readonly state: HeadFields
  readonly sections: readonly Section[]
  /** Counts changes: a snapshot that changes while it is made is refused. */
  readonly version: () => number
}

/** Bytes of a part. */
const partBytes = 2 ** 20

export function snapshotParts(content: SnapshotContent): SnapshotParts {
  requireLittleEndian()
  const head = encodeHead(content)
  const byteLength = head.length + content.sections.reduce((sum, section) => sum + storedBytes(section), 0)
  writePreamble(head, byteLength)
  const version = content.version()
  return {
    byteLength,
    *[Symbol.iterator]() {
      yield* packed(head, content, version)
    },
  }
}

/** All parts in one array. */
export function joinParts(parts: SnapshotParts): Uint8Array<ArrayBuffer> {
  let bytes: Uint8Array<ArrayBuffer>
  try {
    bytes = new Uint8Array(parts.byteLength)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new RagError(
      'unsupported',
      `A snapshot of ${parts.byteLength} bytes does not fit in one array here. Write the parts of \`saveParts()\` one after the other.`,
      { details: { byteLength: parts.byteLength }, cause: error },
    )
  }
  let end = 0
  for (const part of parts) {
    bytes.set(part, end)
    end += part.length
  }
  return bytes
}

function encodeHead({ kind, options, state, sections }: SnapshotContent): Uint8Array<ArrayBuffer> {
  const head: SnapshotHead = {
    kind,
    options,
    state,
    sections: sections.map(({ name, type, length, optional }) =>
      optional === true ? { name, type, length, optional } : { name, type, length },
    ),
  }
  const json = new TextEncoder().encode(JSON.stringify(head))
  const bytes = new Uint8Array(preambleBytes + Math.ceil(json.length / 16) * 16).fill(0x20)
  bytes.set(json, preambleBytes)
  return bytes
}

function writePreamble(head: Uint8Array<ArrayBuffer>, byteLength: number): void {
  head.fill(0, 0, preambleBytes)
  head.set(magic)
  const view = new DataView(head.buffer)
  view.setUint16(8, majorVersion, true)
  view.setUint16(10, minorVersion, true)
  view.setUint32(12, head.length - preambleBytes, true)
  view.setBigUint64(16, BigInt(byteLength), true)
  view.setUint32(28, headChecksum(head), true)
}

/** Of preamble and head together, with zero in the place of the checksum. */
export function headChecksum(bytes: Uint8Array<ArrayBuffer>): number {
  const words = new Int32Array(bytes.slice().buffer)
  words[preambleBytes / 4 - 1] = 0
  const checksum = new Checksum()
  checksum.update(words, 0, words.length)
  return checksum.finish(words, 0, 0)
}

/** Everything in parts of the same size, the last one shorter. */
function* packed(
  head: Uint8Array<ArrayBuffer>,
  content: SnapshotContent,
  version: number,
): Generator<Uint8Array<ArrayBuffer>> {
  yield head
  let part = new Uint8Array(partBytes)
  let end = 0
  for (const section of content.sections) {
    const checksum = new Checksum()
    /** Where in `part` begins what the checksum has not seen. */
    let unseen = end
    let written = 0
    for (const array of section.parts()) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
      for (let from = 0; from < bytes.length; ) {
        const count = Math.min(bytes.length - from, partBytes - end)
        part.set(bytes.subarray(from, from + count), end)
        from += count
        end += count
        if (end < partBytes) continue
        checksum.update(new Int32Array(part.buffer), unseen / 4, partBytes / 4)
        if (content.version() !== version) changedMeanwhile()
        yield part
        part = new Uint8Array(partBytes)
        end = 0
        unseen = 0
      }
      written += bytes.length
    }
    if (written !== section.length * elementBytes(section.type)! || content.version() !== version) {
      changedMeanwhile()
    }
    // A part ends at a multiple of 16, so zeros and checksum fit in the one that is begun.
    end += storedBytes(section) - written
    const words = new Int32Array(part.buffer)
    const last = end / 4 - 1
    const stripes = unseen / 4 + ((last - unseen / 4) & ~3)
    checksum.update(words, unseen / 4, stripes)
    words[last] = checksum.finish(words, stripes, last)
    if (end < partBytes) continue
    yield part
    part = new Uint8Array(partBytes)
    end = 0
  }
  if (end > 0) yield part.subarray(0, end)
}

function changedMeanwhile(): never {
  throw new RagError(
    'invalid-argument',
    'It was changed while its snapshot was being made, so the parts taken so far do not belong together. Take all parts of `saveParts()` before the next change.',
  )
}
