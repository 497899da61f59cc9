/** Bits given one by one, as 0 and 1: 1 becomes 1, 0 becomes −1. */
export function unpackedBits(bits: ArrayLike<number>): Float32Array {
  return Float32Array.from(bits, (bit) => (bit > 0 ? 1 : -1))
}

/** Bits packed into unsigned bytes, the highest bit first (as numpy packs them). */
export function unpackBits(bytes: ArrayLike<number>): Float32Array {
  const out = new Float32Array(bytes.length * 8)
  for (let i = 0; i < out.length; i++) out[i] = (bytes[i >> 3]! >> (7 - (i & 7))) & 1 ? 1 : -1
  return out
}
