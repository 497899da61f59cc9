import { describe, expect, it } from 'vitest'
import { parseRanks } from './vocabulary.js'

const singles = Array.from({ length: 256 }, (_, byte) => Buffer.from([byte]).toString('base64')).join(' ')

describe('parseRanks', () => {
  it('reads tokens of any length in the order of their ranks', () => {
    const { bytes, offsets, size } = parseRanks(`! 0 ${singles} YWI= YWJj YWJjZA==`)
    expect(size).toBe(259)
    const token = (id: number) => Buffer.from(bytes.subarray(offsets[id], offsets[id + 1])).toString()
    expect([token(97), token(256), token(257), token(258)]).toEqual(['a', 'ab', 'abc', 'abcd'])
  })

  it('leaves ids between its lines without bytes', () => {
    const { offsets, size } = parseRanks(`! 0 ${singles}\n! 300 YWI=`)
    expect(size).toBe(301)
    expect(offsets[301]! - offsets[300]!).toBe(2)
    expect(offsets[300]! - offsets[256]!).toBe(0)
  })

  it.each([
    ['text of another kind', 'IQ== 0\nIg== 1'],
    ['ranks that do not ascend', `! 0 ${singles}\n! 3 YWI=`],
    ['no text', ''],
    ['a vocabulary without all bytes', '! 0 YQ== Yg=='],
  ])('refuses %s', (_name, ranks) => {
    expect(() => parseRanks(ranks)).toThrow(TypeError)
  })
})
