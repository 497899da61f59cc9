import { isRagError } from '@tesserae/core'
import type { Random } from '@tesserae/core/testing'
import type { SectionType, SnapshotHead, SnapshotKind } from '../format.js'
import { joinParts, readSnapshot, snapshotParts } from '../index.js'
import { parseHead } from '../parse-head.js'

/** The code of the error that `run` throws, `'nothing'` when it throws none. Other errors pass through. */
export function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isRagError(error)) return error.code
    throw error
  }
  return 'nothing'
}

type Numbers =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>

export interface OpenedSnapshot {
  readonly head: SnapshotHead
  readonly sections: { readonly name: string; readonly type: SectionType; readonly numbers: Numbers }[]
}

const arrays = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f32: Float32Array }

/** All that is in a snapshot. */
export function opened(bytes: Uint8Array<ArrayBuffer>): OpenedSnapshot {
  const headLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true)
  const head = parseHead(new TextDecoder().decode(bytes.subarray(32, 32 + headLength)))
  return readSnapshot(bytes, head.kind, (reader) => ({
    head,
    sections: head.sections.map(({ name, type, length }) => {
      const known = type as SectionType
      const numbers: Numbers = new arrays[known](length)
      reader.section(name, known).fill(numbers)
      return { name, type: known, numbers }
    }),
  }))
}

/** A snapshot of this content, with checksums that are right. */
export function sealed(
  { head, sections }: OpenedSnapshot,
  kind: SnapshotKind = head.kind,
): Uint8Array<ArrayBuffer> {
  return joinParts(
    snapshotParts({
      kind,
      options: head.options,
      state: head.state,
      sections: sections.map(({ name, type, numbers }) => ({
        name,
        type,
        length: numbers.length,
        parts: () => [numbers],
      })),
      version: () => 0,
    }),
  )
}

/** The same snapshot with one number, or the length of one section, or one counter of the head changed. */
export function tampered(snapshot: OpenedSnapshot, random: Random): OpenedSnapshot {
  const counters = Object.entries(snapshot.head.state)
  if (counters.length > 0 && random.chance(0.1)) {
    const [name] = random.pick(counters)
    const value = random.pick([0, -1, 1, 2, 0.5, 2 ** 31, 2 ** 53, 'text', null])
    return { ...snapshot, head: { ...snapshot.head, state: { ...snapshot.head.state, [name]: value } } }
  }
  const chosen = random.integer(0, snapshot.sections.length - 1)
  const sections = snapshot.sections.map((section, i) =>
    i === chosen ? { ...section, numbers: changed(section.numbers, random) } : section,
  )
  return { ...snapshot, sections }
}

function changed(numbers: Numbers, random: Random): Numbers {
  const length = numbers.length
  if (length === 0 || random.chance(0.1)) {
    const longer = random.chance(0.5) || length === 0
    const other = numbers.slice(0, longer ? length : random.integer(0, length - 1))
    if (!longer) return other
    const grown: Numbers =
      numbers instanceof Float32Array
        ? new Float32Array(length + 1)
        : numbers instanceof Uint32Array
          ? new Uint32Array(length + 1)
          : numbers instanceof Uint16Array
            ? new Uint16Array(length + 1)
            : new Uint8Array(length + 1)
    grown.set(numbers)
    return grown
  }
  const copy = numbers.slice()
  for (let times = random.integer(1, 3); times > 0; times--) {
    const at = random.integer(0, length - 1)
    const before = copy[at]!
    const after = [
      0,
      1,
      before + 1,
      before - 1,
      before ^ (1 << random.integer(0, 30)),
      2 ** 31,
      2 ** 32 - 1,
      random.integer(0, 300),
      copy[random.integer(0, length - 1)]!,
    ]
    copy[at] = copy instanceof Float32Array && random.chance(0.5) ? Number.NaN : random.pick(after)
  }
  return copy
}
