import { RagError } from '@tesserae/core'
import { Checksum } from './checksum.js'
import {
  corrupt,
  elementBytes,
  type HeadFields,
  magic,
  majorVersion,
  mostHeadBytes,
  preambleBytes,
  requireLittleEndian,
  type SectionHead,
  type SectionType,
  type SnapshotKind,
  storedBytes,
} from './format.js'
import { parseHead } from './parse-head.js'
import { type ByteSource, byteSource } from './source.js'
import { headChecksum } from './write.js'

/** Bytes read and checked at once. */
const blockBytes = 2 ** 16
/** Numbers of a section that room is made for before they are there, when the length of the input is not known. */
const trusted = 2 ** 20

/** A snapshot being read, section by section in their order. */
export interface SnapshotReader {
  readonly options: HeadFields
  readonly state: HeadFields
  /** The next section of this name; sections before it that may be passed over are. */
  section(name: string, type: SectionType): SectionReader
  /** Whether the next section that counts has this name. */
  has(name: string): boolean
}

/** The numbers of one section. All of them must be read: the last read checks the whole. */
export interface SectionReader {
  readonly length: number
  /** Reads as many numbers as the target is long. `corrupt-data` when there are not as many. */
  fill(target: Uint8Array | Uint16Array | Uint32Array | Float32Array): void
  /** All that is left, in an array of its own. */
  words(): Uint32Array<ArrayBuffer>
  halves(): Uint16Array<ArrayBuffer>
  bytes(): Uint8Array<ArrayBuffer>
}

/**
 * Reads a snapshot of this kind with `load` and returns what that gives. Throws `corrupt-data` for what is no intact
 * snapshot, `incompatible` for one of another kind or from a later major version. Numbers that `load` has
 * seen are only known to be intact once this returns.
 */
export function readSnapshot<T>(
  input: Uint8Array | Iterable<Uint8Array>,
  kind: SnapshotKind,
  load: (reader: SnapshotReader) => T,
): T {
  requireLittleEndian()
  const source = byteSource(input)
  try {
    const reader = new Reader(source, kind)
    const loaded = load(reader)
    reader.finish()
    return loaded
  } finally {
    source.close()
  }
}

class Reader implements SnapshotReader {
  readonly options: HeadFields
  readonly state: HeadFields
  private readonly source: ByteSource
  private readonly sections: readonly SectionHead[]
  private next = 0
  private open: OpenSection | undefined

  constructor(source: ByteSource, kind: SnapshotKind) {
    this.source = source
    const bytes = readHead(source)
    const head = parseHead(new TextDecoder().decode(bytes.subarray(preambleBytes)))
    const declared = Number(new DataView(bytes.buffer).getBigUint64(16, true))
    const total = head.sections.reduce((sum, section) => sum + storedBytes(section), bytes.length)
    if (total !== declared) corrupt('its parts are not as long as the whole')
    if (head.kind !== kind) {
      throw new RagError(
        'incompatible',
        `This is a snapshot of kind "${head.kind}", and "${kind}" is to be loaded. Load it where it was saved from.`,
        { details: { expected: kind, actual: head.kind } },
      )
    }
    this.options = head.options
    this.state = head.state
    this.sections = head.sections
  }

  has(name: string): boolean {
    this.leave()
    for (let i = this.next; i < this.sections.length; i++) {
      const section = this.sections[i]!
      if (section.name === name) return true
      if (section.optional !== true) return false
    }
    return false
  }

  section(name: string, type: SectionType): SectionReader {
    this.leave()
    for (;;) {
      const head = this.sections[this.next]
      if (head === undefined) corrupt(`it has no section "${name}"`)
      if (head.name === name) {
        if (head.type !== type) corrupt(`its section "${name}" holds ${head.type}, not ${type}`)
        this.next++
        this.open = new OpenSection(this.source, head)
        return this.open
      }
      this.pass(head)
    }
  }

  /** Nothing may be left but what may be passed over, and nothing may follow. */
  finish(): void {
    this.leave()
    for (let head = this.sections[this.next]; head !== undefined; head = this.sections[this.next])
      this.pass(head)
    if (this.source.read(new Uint8Array(1)) > 0) corrupt('bytes follow its end')
  }

  private leave(): void {
    this.open?.finish()
    this.open = undefined
  }

  private pass(head: SectionHead): void {
    if (head.optional !== true) {
      throw new RagError(
        'incompatible',
        `This snapshot needs "${head.name}", which this version does not know. Load it with the version of @tesserae/retrievers that saved it, or a later one.`,
        { details: { section: head.name } },
      )
    }
    this.next++
    new OpenSection(this.source, head).skip()
  }
}

/** Preamble and head, their checksum verified. */
function readHead(source: ByteSource): Uint8Array<ArrayBuffer> {
  const preamble = new Uint8Array(preambleBytes)
  const count = source.read(preamble)
  if (!magic.every((byte, i) => preamble[i] === byte)) corrupt('it does not begin as one')
  if (count < preambleBytes) corrupt('it ends too early')
  const view = new DataView(preamble.buffer)
  const major = view.getUint16(8, true)
  if (major !== majorVersion) {
    throw new RagError(
      'incompatible',
      `This snapshot has format ${major}, and this version of @tesserae/retrievers reads format ${majorVersion}. Load it with the version that saved it, or save it anew from its source.`,
      { details: { expected: majorVersion, actual: major } },
    )
  }
  const headBytes = view.getUint32(12, true)
  if (headBytes > mostHeadBytes || headBytes % 16 !== 0) corrupt('the length of its head is not possible')
  const declared = view.getBigUint64(16, true)
  if (source.byteLength !== undefined && BigInt(source.byteLength) !== declared) {
    corrupt(`it has ${source.byteLength} bytes and should have ${declared}`)
  }
  const bytes = new Uint8Array(preambleBytes + headBytes)
  bytes.set(preamble)
  if (source.read(bytes.subarray(preambleBytes)) < headBytes) corrupt('it ends too early')
  if (headChecksum(bytes) !== view.getUint32(28, true)) corrupt('the checksum of its head is wrong')
  return bytes
}

class OpenSection implements SectionReader {
  readonly length: number
  private readonly source: ByteSource
  private readonly head: SectionHead
  private readonly elementBytes: number
  private readonly checksum = new Checksum()
  private readonly block: Uint8Array<ArrayBuffer>
  private readonly blockWords: Int32Array
  /** Of the block. */
  private at = 0
  private end = 0
  /** Stored bytes that were not read into the block. */
  private unread: number
  /** Bytes of numbers that were not handed out. */
  private left: number

  constructor(source: ByteSource, head: SectionHead) {
    this.source = source
    this.head = head
    this.length = head.length
    this.elementBytes = elementBytes(head.type) ?? 1
    this.left = head.length * this.elementBytes
    this.unread = storedBytes(head)
    this.block = new Uint8Array(Math.min(blockBytes, this.unread))
    this.blockWords = new Int32Array(this.block.buffer)
  }

  fill(target: Uint8Array | Uint16Array | Uint32Array | Float32Array): void {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    if (bytes.length > this.left) corrupt(`its section "${this.head.name}" is too short`)
    for (let filled = 0; filled < bytes.length; ) {
      if (this.at === this.end) this.readBlock()
      const count = Math.min(this.end - this.at, bytes.length - filled)
      bytes.set(this.block.subarray(this.at, this.at + count), filled)
      this.at += count
      filled += count
    }
    this.left -= bytes.length
    if (this.left === 0) while (this.unread > 0) this.readBlock()
  }

  words(): Uint32Array<ArrayBuffer> {
    return this.rest((length) => new Uint32Array(length))
  }

  halves(): Uint16Array<ArrayBuffer> {
    return this.rest((length) => new Uint16Array(length))
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.rest((length) => new Uint8Array(length))
  }

  finish(): void {
    if (this.left > 0) corrupt(`its section "${this.head.name}" is too long`)
    while (this.unread > 0) this.readBlock()
  }

  skip(): void {
    this.left = 0
    this.finish()
  }

  private rest<A extends Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
    make: (length: number) => A,
  ): A {
    const length = this.left / this.elementBytes
    let array = make(this.source.byteLength === undefined ? Math.min(length, trusted) : length)
    this.fill(array)
    while (array.length < length) {
      const longer = make(Math.min(length, array.length * 2))
      longer.set(array)
      this.fill(longer.subarray(array.length))
      array = longer
    }
    return array
  }

  /** The next bytes, with all of the checksum that they allow; zeros and checksum are left out. */
  private readBlock(): void {
    const { block, blockWords } = this
    const count = Math.min(block.length, this.unread)
    if (this.source.read(block.subarray(0, count)) < count) corrupt('it ends too early')
    this.unread -= count
    this.at = 0
    this.end = count
    const words = count / 4
    if (this.unread > 0) {
      this.checksum.update(blockWords, 0, words)
      return
    }
    this.checksum.update(blockWords, 0, words - 4)
    const sum = this.checksum.finish(blockWords, words - 4, words - 1)
    if (sum !== blockWords[words - 1]! >>> 0) {
      corrupt(`the checksum of its section "${this.head.name}" is wrong`)
    }
  }
}
