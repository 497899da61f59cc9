import { isRagError } from '@tesserae/core'
import { seededRandom } from '@tesserae/core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Checksum } from './checksum.js'
import { magic, type SectionArray } from './format.js'
import { joinParts, readSnapshot, type Section, type SnapshotContent, snapshotParts } from './index.js'

const section = (name: string, array: SectionArray, extra: Partial<Section> = {}): Section => ({
  name,
  type:
    array instanceof Uint8Array
      ? 'u8'
      : array instanceof Uint16Array
        ? 'u16'
        : array instanceof Uint32Array
          ? 'u32'
          : 'f32',
  length: array.length,
  parts: () => [array],
  ...extra,
})

const content = (sections: readonly Section[], extra: Partial<SnapshotContent> = {}): SnapshotContent => ({
  kind: 'flat',
  options: { dimensions: 3, metric: 'cosine' },
  state: { used: 2 },
  sections,
  version: () => 0,
  ...extra,
})

const saved = (sections: readonly Section[], extra: Partial<SnapshotContent> = {}) =>
  joinParts(snapshotParts(content(sections, extra)))

const small = () =>
  saved([section('numbers', Uint32Array.of(1, 2, 3)), section('bytes', Uint8Array.of(9, 8, 7, 6, 5))])

const readSmall = (bytes: Uint8Array | Iterable<Uint8Array>) =>
  readSnapshot(bytes, 'flat', (reader) => ({
    options: reader.options,
    state: reader.state,
    numbers: reader.section('numbers', 'u32').words(),
    bytes: reader.section('bytes', 'u8').bytes(),
  }))

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isRagError(error)) return error.code
    throw error
  }
  return 'nothing'
}

const refused = ['corrupt-data', 'incompatible']

describe('the checksum', () => {
  it('is XXH32 with seed 0', () => {
    const sum = (text: string) => {
      const words = new Int32Array(new TextEncoder().encode(text).buffer)
      const checksum = new Checksum()
      const stripes = words.length & ~3
      checksum.update(words, 0, stripes)
      return checksum.finish(words, stripes, words.length)
    }
    expect(sum('')).toBe(0x02cc5d05)
    expect(sum('abcd')).toBe(0xa3643705)
    expect(sum('0123456789abcdef')).toBe(0xc2c45b69)
    expect(sum('0123456789abcdef0123456789abcdefwxyzWXYZ')).toBe(0x988c458a)
  })
})

describe('a snapshot', () => {
  it('gives back what was written', () => {
    expect(readSmall(small())).toEqual({
      options: { dimensions: 3, metric: 'cosine' },
      state: { used: 2 },
      numbers: Uint32Array.of(1, 2, 3),
      bytes: Uint8Array.of(9, 8, 7, 6, 5),
    })
  })

  it('gives back any numbers, however they are cut into parts, written and read', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint16Array({ maxLength: 100 }),
        fc.uint32Array({ maxLength: 50 }),
        fc.float32Array({ maxLength: 50 }),
        fc.integer({ min: 1, max: 70 }),
        (u8, u16, u32, f32, cut) => {
          const pieces = function* (array: Uint8Array) {
            for (let i = 0; i < array.length; i += cut) yield array.slice(i, i + cut)
          }
          const bytes = saved([
            section('a', u8, { parts: () => pieces(u8) }),
            section('b', u16),
            section('c', u32),
            section('d', f32),
          ])
          for (const input of [bytes, pieces(bytes)]) {
            readSnapshot(input, 'flat', (reader) => {
              expect(reader.section('a', 'u8').bytes()).toEqual(Uint8Array.from(u8))
              expect(reader.section('b', 'u16').halves()).toEqual(Uint16Array.from(u16))
              expect(reader.section('c', 'u32').words()).toEqual(Uint32Array.from(u32))
              const floats = new Float32Array(f32.length)
              const rest = reader.section('d', 'f32')
              rest.fill(floats.subarray(0, floats.length >> 1))
              rest.fill(floats.subarray(floats.length >> 1))
              expect(new Uint8Array(floats.buffer)).toEqual(new Uint8Array(Float32Array.from(f32).buffer))
            })
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  it('comes in parts of the length it says, also across their borders', () => {
    const long = Uint32Array.from({ length: 700_000 }, (_, i) => Math.imul(i, 0x9e3779b1))
    for (const length of [
      262_000, 262_135, 262_136, 262_137, 262_138, 262_139, 262_140, 262_141, 262_144, 700_000,
    ]) {
      const parts = snapshotParts(
        content([section('a', long.subarray(0, length)), section('b', Uint8Array.of(1))]),
      )
      const all = [...parts]
      expect(all.reduce((sum, part) => sum + part.length, 0)).toBe(parts.byteLength)
      expect(Math.max(...all.map((part) => part.length))).toBeLessThanOrEqual(2 ** 20)
      expect(Buffer.compare(joinParts(parts), joinParts(parts))).toBe(0)
      readSnapshot(all, 'flat', (reader) => {
        const read = Buffer.from(reader.section('a', 'u32').words().buffer)
        expect(Buffer.compare(read, Buffer.from(long.buffer, 0, length * 4))).toBe(0)
        expect(reader.section('b', 'u8').bytes()).toEqual(Uint8Array.of(1))
      })
    }
  })

  it('is refused with any one bit flipped', () => {
    const bytes = small()
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      expect(refused).toContain(refusal(() => readSmall(bytes)))
      expect(refused).toContain(refusal(() => readSmall([bytes])))
      bytes[bit >> 3]! ^= 1 << (bit & 7)
    }
    expect(refusal(() => readSmall(bytes))).toBe('nothing')
  })

  it('is refused when it ends early or goes on', () => {
    const bytes = small()
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length)
      expect(refusal(() => readSmall(cut))).toBe('corrupt-data')
      expect(refusal(() => readSmall([cut]))).toBe('corrupt-data')
    }
    const longer = new Uint8Array(bytes.length + 1)
    longer.set(bytes)
    expect(refusal(() => readSmall(longer))).toBe('corrupt-data')
    expect(refusal(() => readSmall([bytes, Uint8Array.of(0)]))).toBe('corrupt-data')
    expect(refusal(() => readSmall([bytes, new Uint8Array(0)]))).toBe('nothing')
  })

  it('refuses bytes that are none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (random, named) => {
        const bytes = named ? Uint8Array.from([...magic, 1, 0, 0, 0, ...random]) : random
        expect(refused).toContain(refusal(() => readSmall(bytes)))
      }),
      { numRuns: 500 },
    )
    for (const given of [undefined, 'text', 7, {}, [7]]) {
      // What JavaScript may pass.
      expect(refusal(() => Reflect.apply(readSmall, undefined, [given]))).toBe('invalid-argument')
    }
  })

  it('is refused for another kind, from a later format, and with a section that must be known', () => {
    expect(refusal(() => readSnapshot(small(), 'hnsw', () => 0))).toBe('incompatible')
    const later = small()
    later[8] = 2
    expect(refusal(() => readSmall(later))).toBe('incompatible')
    const numbers = section('numbers', Uint32Array.of(1))
    const bytes = section('bytes', Uint8Array.of(1))
    const extra = section('extra', Uint32Array.of(1, 2))
    expect(refusal(() => readSmall(saved([numbers, extra, bytes])))).toBe('incompatible')
    expect(refusal(() => readSmall(saved([numbers])))).toBe('corrupt-data')
    expect(refusal(() => readSmall(saved([bytes, numbers])))).toBe('incompatible')
    expect(refusal(() => readSmall(saved([numbers, section('bytes', Uint32Array.of(1))])))).toBe(
      'corrupt-data',
    )
  })

  it('is read past sections of a later version that need not be known, which are verified all the same', () => {
    const extra = section('extra', Uint8Array.of(1, 2, 3), { optional: true })
    const numbers = section('numbers', Uint32Array.of(1))
    const bytes = saved([extra, numbers, extra, section('bytes', Uint8Array.of(4)), extra])
    expect(readSmall(bytes).numbers).toEqual(Uint32Array.of(1))
    const wide = { ...extra, type: 'f32' as const, length: 1, parts: () => [Float32Array.of(1)] }
    const headed = saved([wide, numbers, section('bytes', Uint8Array.of(4))])
    expect(readSmall(headed).bytes).toEqual(Uint8Array.of(4))
    bytes[bytes.length - 14]! ^= 1
    expect(refusal(() => readSmall(bytes))).toBe('corrupt-data')
  })

  it('is refused when a section is not read to its end', () => {
    const load = (bytes: Uint8Array) =>
      readSnapshot(bytes, 'flat', (reader) => {
        reader.section('numbers', 'u32').fill(new Uint32Array(2))
        reader.section('bytes', 'u8').bytes()
      })
    expect(refusal(() => load(small()))).toBe('corrupt-data')
  })

  it('refuses to go on when what is saved changes meanwhile', () => {
    let version = 0
    const parts = snapshotParts(
      content([section('numbers', new Uint32Array(600_000))], { version: () => version }),
    )[Symbol.iterator]()
    parts.next()
    parts.next()
    version++
    expect(refusal(() => [...{ [Symbol.iterator]: () => parts }])).toBe('invalid-argument')
  })

  it('closes the iterable it was reading from when it is refused', () => {
    let closed = false
    const bytes = small()
    bytes[bytes.length - 30]! ^= 4
    function* parts() {
      try {
        for (let i = 0; i < bytes.length; i += 10) yield bytes.subarray(i, i + 10)
        yield new Uint8Array(0)
      } finally {
        closed = true
      }
    }
    expect(refusal(() => readSmall(parts()))).toBe('corrupt-data')
    expect(closed).toBe(true)
  })

  it('may have more than 2^31 bytes, in parts', () => {
    const block = new Uint32Array(2 ** 18)
    const random = seededRandom(3)
    for (let i = 0; i < block.length; i++) block[i] = random.integer(0, 2 ** 32 - 1)
    const blocks = 2 ** 11 + 1
    const parts = snapshotParts(
      content([
        section('long', block, {
          length: block.length * blocks,
          *parts() {
            for (let i = 0; i < blocks; i++) yield block
          },
        }),
        section('last', Uint8Array.of(7)),
      ]),
    )
    expect(parts.byteLength).toBeGreaterThan(2 ** 31)
    const read = new Uint32Array(block.length)
    let same = 0
    readSnapshot(parts, 'flat', (reader) => {
      const long = reader.section('long', 'u32')
      for (let i = 0; i < blocks; i++) {
        long.fill(read)
        if (read[0] === block[0] && read[i] === block[i] && read.at(-1) === block.at(-1)) same++
      }
      expect(reader.section('last', 'u8').bytes()).toEqual(Uint8Array.of(7))
    })
    expect(same).toBe(blocks)
  })
})
