import type { QueryRow } from '../flat/rows.js'
import { codeBytes, type Quantization, tailNumbers } from '../wasm/quantize.js'
import { bitDot, codeDot, codeScore, floatDistance, floatDot } from '../wasm/twin-kernels.js'

/** Vectors by slot, with and without codes, scored as the WebAssembly graph scores them. */
export class GraphRows {
  readonly query: QueryRow
  private readonly euclidean: boolean
  private readonly dimensions: number
  private readonly codeLength: number
  private readonly bits: boolean
  private floats = new Float32Array(0)
  private codes = new Int8Array(0)
  private tails = new Float32Array(0)

  constructor(euclidean: boolean, dimensions: number, quantization: Quantization) {
    this.euclidean = euclidean
    this.dimensions = dimensions
    this.codeLength = codeBytes(quantization, dimensions)
    this.bits = quantization === 'binary'
    this.query = {
      floats: new Float32Array(dimensions),
      codes: new Int8Array(this.codeLength),
      tail: new Float32Array(this.codeLength > 0 ? tailNumbers : 0),
    }
  }

  get bytes(): number {
    return this.floats.byteLength + this.codes.byteLength + this.tails.byteLength
  }

  reserve(slots: number): void {
    const { dimensions, codeLength } = this
    const floats = new Float32Array(slots * dimensions)
    const codes = new Int8Array(slots * codeLength)
    const tails = new Float32Array(codeLength > 0 ? slots * tailNumbers : 0)
    floats.set(this.floats)
    codes.set(this.codes)
    tails.set(this.tails)
    this.floats = floats
    this.codes = codes
    this.tails = tails
  }

  write(slot: number): void {
    this.floats.set(this.query.floats, slot * this.dimensions)
    if (this.codeLength === 0) return
    this.codes.set(this.query.codes, slot * this.codeLength)
    this.tails.set(this.query.tail, slot * tailNumbers)
  }

  /** The floats of a slot. */
  vector(slot: number): Float32Array {
    return this.floats.subarray(slot * this.dimensions, (slot + 1) * this.dimensions)
  }

  /** By floats, against the query. */
  exact(slot: number): number {
    return this.byFloats(-1, slot)
  }

  /** What a walk compares: slot against slot, or against the query for `from` −1. */
  score(from: number, to: number): number {
    const { codeLength, query, euclidean } = this
    if (codeLength === 0) return this.byFloats(from, to)
    const codes = from < 0 ? query.codes : this.codes
    const tails = from < 0 ? query.tail : this.tails
    const row = Math.max(from, 0)
    const tail = row * tailNumbers
    const dot = this.bits
      ? bitDot(codes, row * codeLength, this.codes, to * codeLength, codeLength, tails[tail + 2]!)
      : codeDot(codes, row * codeLength, this.codes, to * codeLength, codeLength)
    return codeScore(euclidean, dot, tails, tail, this.tails, to * tailNumbers)
  }

  /** What links are chosen by: bits are too coarse for that. */
  linkScore(from: number, to: number): number {
    return this.bits ? this.byFloats(from, to) : this.score(from, to)
  }

  private byFloats(from: number, to: number): number {
    const { dimensions, query, euclidean } = this
    const floats = from < 0 ? query.floats : this.floats
    const offset = from < 0 ? 0 : from * dimensions
    return euclidean
      ? floatDistance(floats, offset, this.floats, to * dimensions, dimensions)
      : floatDot(floats, offset, this.floats, to * dimensions, dimensions)
  }
}
