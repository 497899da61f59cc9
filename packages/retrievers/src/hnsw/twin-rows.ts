import type { QueryRow } from '../flat/rows.js'
import { codeDot, codeScore, floatDistance, floatDot } from '../wasm/twin-kernels.js'

/** Vectors by slot, with and without codes, scored as the WebAssembly graph scores them. */
export class GraphRows {
  readonly query: QueryRow
  private readonly euclidean: boolean
  private readonly dimensions: number
  private readonly coded: boolean
  private floats = new Float32Array(0)
  private codes = new Int8Array(0)
  private tails = new Float32Array(0)

  constructor(euclidean: boolean, dimensions: number, coded: boolean) {
    this.euclidean = euclidean
    this.dimensions = dimensions
    this.coded = coded
    this.query = {
      floats: new Float32Array(dimensions),
      codes: new Int8Array(coded ? dimensions : 0),
      tail: new Float32Array(coded ? 2 : 0),
    }
  }

  get bytes(): number {
    return this.floats.byteLength + this.codes.byteLength + this.tails.byteLength
  }

  reserve(slots: number): void {
    const { dimensions, coded } = this
    const floats = new Float32Array(slots * dimensions)
    const codes = new Int8Array(coded ? slots * dimensions : 0)
    const tails = new Float32Array(coded ? slots * 2 : 0)
    floats.set(this.floats)
    codes.set(this.codes)
    tails.set(this.tails)
    this.floats = floats
    this.codes = codes
    this.tails = tails
  }

  write(slot: number): void {
    this.floats.set(this.query.floats, slot * this.dimensions)
    if (!this.coded) return
    this.codes.set(this.query.codes, slot * this.dimensions)
    this.tails.set(this.query.tail, slot * 2)
  }

  /** The floats of a slot. */
  vector(slot: number): Float32Array {
    return this.floats.subarray(slot * this.dimensions, (slot + 1) * this.dimensions)
  }

  /** By floats, against the query. */
  exact(slot: number): number {
    const { dimensions } = this
    return this.euclidean
      ? floatDistance(this.query.floats, 0, this.floats, slot * dimensions, dimensions)
      : floatDot(this.query.floats, 0, this.floats, slot * dimensions, dimensions)
  }

  /** What a walk compares: slot against slot, or against the query for `from` −1. */
  score(from: number, to: number): number {
    const { dimensions, query, euclidean } = this
    if (!this.coded) {
      const floats = from < 0 ? query.floats : this.floats
      const offset = from < 0 ? 0 : from * dimensions
      return euclidean
        ? floatDistance(floats, offset, this.floats, to * dimensions, dimensions)
        : floatDot(floats, offset, this.floats, to * dimensions, dimensions)
    }
    const codes = from < 0 ? query.codes : this.codes
    const tails = from < 0 ? query.tail : this.tails
    const row = Math.max(from, 0)
    const dot = codeDot(codes, row * dimensions, this.codes, to * dimensions, dimensions)
    return codeScore(euclidean, dot, tails, row * 2, this.tails, to * 2)
  }
}
