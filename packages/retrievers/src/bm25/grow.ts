/** Room for at least `needed` entries, doubling, with what was there. */
export function grownUint32<A extends Uint32Array>(array: A, needed: number): A | Uint32Array<ArrayBuffer> {
  if (needed <= array.length) return array
  const grown = new Uint32Array(Math.max(needed, array.length * 2))
  grown.set(array)
  return grown
}

export function grownInt32<A extends Int32Array>(array: A, needed: number): A | Int32Array<ArrayBuffer> {
  if (needed <= array.length) return array
  const grown = new Int32Array(Math.max(needed, array.length * 2))
  grown.set(array)
  return grown
}

export function grownUint16(array: Uint16Array<ArrayBuffer>, needed: number): Uint16Array<ArrayBuffer> {
  if (needed <= array.length) return array
  const grown = new Uint16Array(Math.max(needed, array.length * 2))
  grown.set(array)
  return grown
}

export function grownUint8(array: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  if (needed <= array.length) return array
  const grown = new Uint8Array(Math.max(needed, array.length * 2))
  grown.set(array)
  return grown
}

/** A copy in memory that threads share. */
export function sharedUint32(array: Uint32Array): Uint32Array {
  const copy = new Uint32Array(new SharedArrayBuffer(array.byteLength))
  copy.set(array)
  return copy
}
