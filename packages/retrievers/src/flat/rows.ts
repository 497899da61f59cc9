import flatModule from '../wasm/flat.wasm.js'
import { instantiate, type WasmInstance } from '../wasm/instantiate.js'
import {
  type CodedRow,
  codeBytes,
  codeKind,
  codeRowBytes,
  type Quantization,
  tailNumbers,
} from '../wasm/quantize.js'
import { type SharedCopy, sharedCopy } from '../wasm/shared-copy.js'
import { bitDot, codeDot, codeScore, floatDistance, floatDot } from '../wasm/twin-kernels.js'

/** Rows scored at once, and the size of a block of rows. */
export const scanRows = 256
/** Queries that are held side by side. */
export const queryRows = 16

/** A row to be written. */
export type QueryRow = CodedRow

/**
 * Rows of equal length that can be scored. Scores are dot products, or negated squared distances. What `scan`,
 * `scanCodes` and `gather` return is overwritten by the next call; `count` is at most {@link scanRows}.
 */
export interface Rows {
  readonly bytes: number
  /** Makes room; false when there is none. */
  reserve(rows: number): boolean
  query(index: number): QueryRow
  /** Query 0 becomes this row. */
  write(row: number): void
  move(from: number, to: number): void
  /** The floats of a row, padded; overwritten by the next change. */
  vector(row: number): Float32Array
  /** Scores by floats of the rows from `start` on, which lie in one block. */
  scan(query: number, start: number, count: number): Float32Array
  /** Scores by codes. */
  scanCodes(query: number, start: number, count: number): Float32Array
  /** Scores by floats of any rows. */
  gather(query: number, rows: Uint32Array, count: number): Float32Array
  /** A copy of the first rows that threads can search; `undefined` when there can be none. */
  share(rows: number, threads: number): SharedRows | undefined
}

/** Rows in memory that threads share: what `attachRows` needs. */
export interface SharedRows extends SharedCopy {
  readonly options: RowsOptions
  /** Address of the first row. */
  readonly first: number
}

export interface RowsOptions {
  readonly euclidean: boolean
  /** A multiple of 16. */
  readonly dimensions: number
  readonly quantization: Quantization
}

/** Rows that fit in a memory of so many bytes: a multiple of 256. */
export function rowCapacity({ dimensions, quantization }: RowsOptions, shardBytes: number): number {
  const row = dimensions * 4 + codeRowBytes(quantization, dimensions)
  const fixed = 4096 + queryRows * row
  return Math.floor((shardBytes - fixed) / row / scanRows) * scanRows
}

/** Rows in WebAssembly memory, at most 4 GiB; growing copies nothing. `undefined` without WebAssembly SIMD. */
export function wasmRows(options: RowsOptions): Rows | undefined {
  const instance = instantiate(flatModule)
  if (instance === undefined) return undefined
  setUp(instance, options)
  instance.call('reserve')(0)
  return rowsOf(instance, options)
}

/** The rows in memory that threads share, to be searched by one of them. `base` is that thread's own. */
export function attachRows(
  module: string,
  { options, memory, first }: SharedRows,
  base: number,
): Rows | undefined {
  const instance = instantiate(module, memory)
  if (instance === undefined) return undefined
  setUp(instance, options)
  instance.call('attach')(base, first)
  return rowsOf(instance, options)
}

function setUp({ call }: WasmInstance, { euclidean, dimensions, quantization }: RowsOptions): void {
  call('setup')(euclidean ? 1 : 0, dimensions, codeKind(quantization), queryRows)
}

function rowsOf(instance: WasmInstance, options: RowsOptions): Rows {
  const { memory } = instance
  const { dimensions, quantization } = options
  const [reserve, queryFloats, queryCodes, scoreArea, write, move, scan, scanCodes, gather] = [
    'reserve',
    'queryFloats',
    'queryCodes',
    'scoreArea',
    'write',
    'move',
    'scan',
    'scanCodes',
    'gather',
  ].map(instance.call) as Kernel[] as KernelList
  const floatArea = instance.call('floatArea')
  const codes = codeBytes(quantization, dimensions)
  const tail = codes > 0 ? tailNumbers : 0
  const scoresAt = scoreArea() >>> 0
  let scores = new Float32Array(memory.buffer, scoresAt, scanRows)
  let numbers = new Uint32Array(memory.buffer, scoresAt, scanRows)
  // Growing detaches the old views.
  const refresh = () => {
    scores = new Float32Array(memory.buffer, scoresAt, scanRows)
    numbers = new Uint32Array(memory.buffer, scoresAt, scanRows)
  }
  return {
    get bytes() {
      return memory.buffer.byteLength
    },
    reserve(rows) {
      const fits = reserve(rows) === 1
      refresh()
      return fits
    },
    query: (index) => ({
      floats: new Float32Array(memory.buffer, queryFloats(index) >>> 0, dimensions),
      codes: new Int8Array(memory.buffer, queryCodes(index) >>> 0, codes),
      tail: new Float32Array(memory.buffer, (queryCodes(index) >>> 0) + codes, tail),
    }),
    write,
    move,
    vector: (row) => new Float32Array(memory.buffer, floatArea(row) >>> 0, dimensions),
    scan(query, start, count) {
      scan(query, start, count)
      return scores
    },
    scanCodes(query, start, count) {
      scanCodes(query, start, count)
      return scores
    },
    share(count, threads) {
      const first = instance.call('rowArea')() >>> 0
      const row = dimensions * 4 + codeRowBytes(quantization, dimensions)
      const used = first + Math.ceil(count / scanRows) * scanRows * row
      const scratch = queryRows * row + scanRows * 4 + 128
      const copy = sharedCopy(memory, Math.min(used, memory.buffer.byteLength), threads, scratch)
      return copy && { ...copy, options, first }
    },
    gather(query, rows, count) {
      numbers.set(count === rows.length ? rows : rows.subarray(0, count))
      gather(query, count)
      return scores
    },
  }
}

type Kernel = (...numbers: number[]) => number
type KernelList = [Kernel, Kernel, Kernel, Kernel, Kernel, Kernel, Kernel, Kernel, Kernel]

/** The same rows in typed arrays. */
export class TypescriptRows implements Rows {
  private readonly euclidean: boolean
  private readonly dimensions: number
  private readonly codeLength: number
  private readonly bits: boolean
  private floats: Float32Array
  private codes = new Int8Array(0)
  private tails = new Float32Array(0)
  private readonly queries: QueryRow[]
  private readonly scores = new Float32Array(scanRows)

  constructor({ euclidean, dimensions, quantization }: RowsOptions) {
    this.euclidean = euclidean
    this.dimensions = dimensions
    this.codeLength = codeBytes(quantization, dimensions)
    this.bits = quantization === 'binary'
    this.floats = new Float32Array(0)
    this.queries = Array.from({ length: queryRows }, () => ({
      floats: new Float32Array(dimensions),
      codes: new Int8Array(this.codeLength),
      tail: new Float32Array(this.codeLength > 0 ? tailNumbers : 0),
    }))
  }

  get bytes(): number {
    const query = this.dimensions * 4 + this.codeLength
    return (
      this.floats.byteLength +
      this.codes.byteLength +
      this.tails.byteLength +
      queryRows * query +
      scanRows * 4
    )
  }

  reserve(rows: number): boolean {
    if (rows * this.dimensions <= this.floats.length) return true
    try {
      const floats = new Float32Array(rows * this.dimensions)
      const codes = new Int8Array(rows * this.codeLength)
      const tails = new Float32Array(this.codeLength > 0 ? rows * tailNumbers : 0)
      floats.set(this.floats)
      codes.set(this.codes)
      tails.set(this.tails)
      this.floats = floats
      this.codes = codes
      this.tails = tails
      return true
    } catch (error) {
      if (error instanceof RangeError) return false
      throw error
    }
  }

  query(index: number): QueryRow {
    return this.queries[index]!
  }

  write(row: number): void {
    const { floats, codes, tail } = this.queries[0]!
    this.floats.set(floats, row * this.dimensions)
    if (this.codeLength === 0) return
    this.codes.set(codes, row * this.codeLength)
    this.tails.set(tail, row * tailNumbers)
  }

  move(from: number, to: number): void {
    const { dimensions, codeLength } = this
    this.floats.copyWithin(to * dimensions, from * dimensions, (from + 1) * dimensions)
    if (codeLength === 0) return
    this.codes.copyWithin(to * codeLength, from * codeLength, (from + 1) * codeLength)
    this.tails.copyWithin(to * tailNumbers, from * tailNumbers, (from + 1) * tailNumbers)
  }

  vector(row: number): Float32Array {
    return this.floats.subarray(row * this.dimensions, (row + 1) * this.dimensions)
  }

  scan(query: number, start: number, count: number): Float32Array {
    for (let i = 0; i < count; i++) this.scores[i] = this.score(query, start + i)
    return this.scores
  }

  scanCodes(query: number, start: number, count: number): Float32Array {
    const { codes, tail } = this.queries[query]!
    const length = this.codeLength
    for (let i = 0; i < count; i++) {
      const row = start + i
      const dot = this.bits
        ? bitDot(codes, 0, this.codes, row * length, length, tail[2]!)
        : codeDot(codes, 0, this.codes, row * length, length)
      this.scores[i] = codeScore(this.euclidean, dot, tail, 0, this.tails, row * tailNumbers)
    }
    return this.scores
  }

  /** Plain arrays stay where they are. */
  share(): undefined {
    return undefined
  }

  gather(query: number, rows: Uint32Array, count: number): Float32Array {
    for (let i = 0; i < count; i++) this.scores[i] = this.score(query, rows[i]!)
    return this.scores
  }

  private score(query: number, row: number): number {
    const { floats } = this.queries[query]!
    const { dimensions } = this
    return this.euclidean
      ? floatDistance(floats, 0, this.floats, row * dimensions, dimensions)
      : floatDot(floats, 0, this.floats, row * dimensions, dimensions)
  }
}
