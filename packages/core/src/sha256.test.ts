import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sha256 as hostSha256 } from './sha256.js'
import { portableSha256 } from './sha256-portable.js'

describe.each([
  ['sha256', hostSha256],
  ['portableSha256', portableSha256],
])('%s', (_, sha256) => {
  // FIPS 180-4 example vectors, published by NIST.
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
  ])('hashes known vector %#', (text, expected) => {
    expect(sha256(text)).toBe(expected)
  })

  it('agrees with node:crypto for every length around the block and the buffer size', () => {
    for (const around of [0, 56, 64, 128, 4096, 5461, 8192, 16_320, 16_384]) {
      for (let length = Math.max(0, around - 12); length <= around + 12; length++) {
        for (const unit of ['a', 'é', '漢', '😀']) {
          const text = 'x'.repeat(length % 4) + unit.repeat(length)
          expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex'))
        }
      }
    }
  })

  it('has the same digests where the host cannot tell well-formed texts', () => {
    const descriptor = Object.getOwnPropertyDescriptor(String.prototype, 'isWellFormed')
    const texts = ['a', 'é', '漢', '😀'].flatMap((unit) =>
      [64, 5_461, 16_384, 20_000].map((n) => unit.repeat(n)),
    )
    const expected = texts.map((text) => sha256(text))
    Reflect.deleteProperty(String.prototype, 'isWellFormed')
    try {
      expect(texts.map((text) => sha256(text))).toEqual(expected)
    } finally {
      if (descriptor !== undefined) Object.defineProperty(String.prototype, 'isWellFormed', descriptor)
    }
  })

  it('agrees with node:crypto for any well-formed text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex'))
      }),
    )
  })

  it('hashes a lone surrogate as its own three bytes, so that broken texts stay distinct', () => {
    const bytes = Buffer.from([0x61, 0xed, 0xa0, 0xbd, 0x62])
    expect(sha256('a\ud83db')).toBe(createHash('sha256').update(bytes).digest('hex'))
    const long = Buffer.concat([Buffer.alloc(200, 'x'), bytes])
    expect(sha256(`${'x'.repeat(200)}a\ud83db`)).toBe(createHash('sha256').update(long).digest('hex'))
    const texts = ['\ud83d', '\ude00', '\ufffd', '\ud83d\ud83d', '\ude00\ud83d', '😀', '\ud83c', '\ud83d\0']
    expect(new Set(texts.map(sha256)).size).toBe(texts.length)
  })
})

describe('the code that sha256 runs', () => {
  const real = process.getBuiltinModule
  afterEach(() => {
    process.getBuiltinModule = real
  })

  /** Digests by a module loaded anew, with what the process says of its `crypto`. */
  async function digestsWith(crypto: object | undefined, texts: readonly string[]) {
    Reflect.set(process, 'getBuiltinModule', () => crypto)
    vi.resetModules()
    const { sha256 } = await import('./sha256.js')
    return texts.map(sha256)
  }

  it('is the host’s for well-formed texts', async () => {
    const asked: string[] = []
    const hash = (algorithm: string, text: string, encoding: 'hex') => {
      asked.push(text)
      return createHash(algorithm).update(text).digest(encoding)
    }
    expect(await digestsWith({ hash }, ['abc', 'a\ud83d'])).toEqual(['abc', 'a\ud83d'].map(portableSha256))
    expect(asked).toEqual(['', 'abc'])
  })

  it('is its own where the host has none, one that throws, or one that is something else', async () => {
    const expected = ['', 'abc'].map(portableSha256)
    const broken = () => {
      throw new Error('not here')
    }
    for (const crypto of [undefined, {}, { hash: broken }, { hash: () => 'e3b0' }, { hash: 'sha256' }]) {
      expect(await digestsWith(crypto, ['', 'abc'])).toEqual(expected)
    }
  })
})
