/** Bytes collected before they are compressed; a multiple of the 64-byte block. */
const bufferSize = 16_384

/** Shorter texts cost less than a call of the host's encoder. */
const encoderUnits = 64

interface Scratch {
  /** Round constants K, then nothing else: 64 words. */
  readonly constants: Int32Array
  /** Initial hash value H(0), 8 words. */
  readonly initial: Int32Array
  readonly state: Int32Array
  /** Message schedule W, 64 words. */
  readonly schedule: Int32Array
  readonly buffer: Uint8Array
  /** The part of `buffer` in front of the slack. */
  readonly whole: Uint8Array
  readonly encoder: TextEncoder
  /** Two digits of each byte. */
  readonly digits: readonly string[]
}

/** Made on the first call and used again by every later one: the function is synchronous, so no two calls meet. */
let scratch: Scratch | undefined

/**
 * FIPS 180-4 §4.2.2 and §5.3.3: K are the first 32 fractional bits of the cube roots of the first 64
 * primes, H(0) those of the square roots of the first 8. Doubles carry 49 of those bits.
 */
function makeScratch(): Scratch {
  const constants = new Int32Array(64)
  const initial = new Int32Array(8)
  let found = 0
  for (let candidate = 2; found < 64; candidate++) {
    let divisor = 2
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor++
    if (divisor * divisor <= candidate) continue
    if (found < 8) initial[found] = (Math.sqrt(candidate) % 1) * 2 ** 32
    constants[found++] = (Math.cbrt(candidate) % 1) * 2 ** 32
  }
  // Three bytes of slack: one code point may be written past the point where the buffer counts as full.
  const buffer = new Uint8Array(bufferSize + 4)
  return {
    constants,
    initial,
    state: new Int32Array(8),
    schedule: new Int32Array(64),
    buffer,
    whole: buffer.subarray(0, bufferSize),
    encoder: new TextEncoder(),
    digits: Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')),
  }
}

/** Σ0 of FIPS 180-4 §4.1.2. */
function sum0(x: number): number {
  return ((x >>> 2) | (x << 30)) ^ ((x >>> 13) | (x << 19)) ^ ((x >>> 22) | (x << 10))
}

/** Σ1 of FIPS 180-4 §4.1.2. */
function sum1(x: number): number {
  return ((x >>> 6) | (x << 26)) ^ ((x >>> 11) | (x << 21)) ^ ((x >>> 25) | (x << 7))
}

/** FIPS 180-4 §6.2.2, choice and majority written out, over the whole blocks of `buffer[0, length)`. */
function compress(work: Scratch, length: number): void {
  const { constants, state, schedule, buffer } = work
  for (let block = 0; block < length; block += 64) {
    for (let t = 0, at = block; t < 16; t++, at += 4) {
      schedule[t] = (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!
    }
    for (let t = 16; t < 64; t++) {
      const early = schedule[t - 15]!
      const late = schedule[t - 2]!
      const sigma0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3)
      const sigma1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10)
      schedule[t] = (schedule[t - 16]! + sigma0 + schedule[t - 7]! + sigma1) | 0
    }
    let a = state[0]!
    let b = state[1]!
    let c = state[2]!
    let d = state[3]!
    let e = state[4]!
    let f = state[5]!
    let g = state[6]!
    let h = state[7]!
    // Eight rounds at a time: the names take turns, so that no value is moved from one to the next.
    for (let t = 0; t < 64; t += 8) {
      h = (h + sum1(e) + (g ^ (e & (f ^ g))) + constants[t]! + schedule[t]!) | 0
      d = (d + h) | 0
      h = (h + sum0(a) + ((a & b) | (c & (a | b)))) | 0
      g = (g + sum1(d) + (f ^ (d & (e ^ f))) + constants[t + 1]! + schedule[t + 1]!) | 0
      c = (c + g) | 0
      g = (g + sum0(h) + ((h & a) | (b & (h | a)))) | 0
      f = (f + sum1(c) + (e ^ (c & (d ^ e))) + constants[t + 2]! + schedule[t + 2]!) | 0
      b = (b + f) | 0
      f = (f + sum0(g) + ((g & h) | (a & (g | h)))) | 0
      e = (e + sum1(b) + (d ^ (b & (c ^ d))) + constants[t + 3]! + schedule[t + 3]!) | 0
      a = (a + e) | 0
      e = (e + sum0(f) + ((f & g) | (h & (f | g)))) | 0
      d = (d + sum1(a) + (c ^ (a & (b ^ c))) + constants[t + 4]! + schedule[t + 4]!) | 0
      h = (h + d) | 0
      d = (d + sum0(e) + ((e & f) | (g & (e | f)))) | 0
      c = (c + sum1(h) + (b ^ (h & (a ^ b))) + constants[t + 5]! + schedule[t + 5]!) | 0
      g = (g + c) | 0
      c = (c + sum0(d) + ((d & e) | (f & (d | e)))) | 0
      b = (b + sum1(g) + (a ^ (g & (h ^ a))) + constants[t + 6]! + schedule[t + 6]!) | 0
      f = (f + b) | 0
      b = (b + sum0(c) + ((c & d) | (e & (c | d)))) | 0
      a = (a + sum1(f) + (h ^ (f & (g ^ h))) + constants[t + 7]! + schedule[t + 7]!) | 0
      e = (e + a) | 0
      a = (a + sum0(b) + ((b & c) | (d & (b | c)))) | 0
    }
    state[0]! += a
    state[1]! += b
    state[2]! += c
    state[3]! += d
    state[4]! += e
    state[5]! += f
    state[6]! += g
    state[7]! += h
  }
}

/** False, too, where the host cannot tell. */
export function isWellFormed(text: string): boolean {
  const test: unknown = Reflect.get(String.prototype, 'isWellFormed')
  return typeof test === 'function' && test.call(text) === true
}

/** `sha256` in plain JavaScript: the same in Node, browsers and workers, and what every host's own is checked with. */
export function portableSha256(text: string): string {
  scratch ??= makeScratch()
  const { state, buffer } = scratch
  state.set(scratch.initial)
  let filled = 0
  let flushed = 0
  let start = 0
  if (text.length >= encoderUnits && isWellFormed(text)) {
    // The host's encoder is many times faster, and has the same bytes for every text without lone surrogates.
    const { read, written } = scratch.encoder.encodeInto(text, scratch.whole)
    start = read
    filled = written
    if (filled === bufferSize) {
      compress(scratch, bufferSize)
      filled = 0
      flushed = bufferSize
    }
  }
  for (let index = start; index < text.length; index++) {
    let unit = text.charCodeAt(index)
    if (unit < 0x80) {
      buffer[filled++] = unit
    } else if (unit < 0x800) {
      buffer[filled++] = 0xc0 | (unit >>> 6)
      buffer[filled++] = 0x80 | (unit & 0x3f)
    } else {
      const next = (unit & 0xfc00) === 0xd800 ? text.charCodeAt(index + 1) : 0
      if ((next & 0xfc00) === 0xdc00) {
        unit = 0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff)
        index++
        buffer[filled++] = 0xf0 | (unit >>> 18)
        buffer[filled++] = 0x80 | ((unit >>> 12) & 0x3f)
      } else {
        buffer[filled++] = 0xe0 | (unit >>> 12)
      }
      buffer[filled++] = 0x80 | ((unit >>> 6) & 0x3f)
      buffer[filled++] = 0x80 | (unit & 0x3f)
    }
    if (filled >= bufferSize) {
      compress(scratch, bufferSize)
      buffer.copyWithin(0, bufferSize, filled)
      filled -= bufferSize
      flushed += bufferSize
    }
  }
  // Padding, §5.1.1: a one bit, zeros, and the length in bits as 64 bits, big-endian.
  const bytes = flushed + filled
  buffer[filled++] = 0x80
  if (filled > bufferSize - 8) {
    buffer.fill(0, filled, bufferSize)
    compress(scratch, bufferSize)
    filled = 0
  }
  const end = ((filled + 8 + 63) >>> 6) << 6
  buffer.fill(0, filled, end)
  for (let place = 1, bits = bytes * 8; bits > 0; place++, bits = Math.floor(bits / 256)) {
    buffer[end - place] = bits % 256
  }
  compress(scratch, end)
  const { digits } = scratch
  let hex = ''
  for (let place = 0; place < 8; place++) {
    const word = state[place]!
    hex +=
      digits[word >>> 24]! + digits[(word >>> 16) & 255]! + digits[(word >>> 8) & 255]! + digits[word & 255]!
  }
  return hex
}
