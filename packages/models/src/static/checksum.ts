/**
 * 64 bits over little-endian 32-bit words, in two lanes; each step is a bijection of the lane, so that a
 * change of one word always shows. Guards against damage, not against an attacker.
 *
 * @param bytes a whole number of words; the word range [from, to) is read.
 */
export function checksum(
  bytes: Uint8Array,
  ranges: readonly (readonly [number, number])[],
): [number, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let first = 0x9747b28c | 0
  let second = 0x2c1b3c6d
  for (const [from, to] of ranges) {
    for (let at = from; at < to; at += 4) {
      const word = view.getInt32(at, true)
      first = Math.imul((first << 13) | (first >>> 19), 5) + (Math.imul(word, 0xcc9e2d51) | 0)
      first |= 0
      second = Math.imul(second ^ word, 0x85ebca6b)
      second ^= second >>> 15
    }
  }
  return [first >>> 0, second >>> 0]
}
