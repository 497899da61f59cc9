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
/** Rows that one selection finds at most. */
export const mostSelected = 40

/** Rows that a scan of codes found. Overwritten by the next scan. */
export interface Selected {
  readonly count: number
  readonly rows: Uint32Array
  readonly scores: Float32Array
}

/** A row to be written. */
export type QueryRow = CodedRow

/**
 * Rows of equal length that can be scored. Scores are dot products, or negated squared distances. What `scan`
 * and `gather` return is overwritten by the next call; `count` is at most {@link scanRows}.
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
  /**
   * Finds rows from `start`, a multiple of eight, to `end` whose score by codes is not below `threshold`: at most
   * {@link mostSelected}. Returns the row to go on from, a multiple of eight or `end`.
   */
  select(query: number, start: number, end: number, threshold: number): number
  readonly selected: Selected
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
  const fixed = 4096 + queryRows * row + 2 * codeBytes(quantization, dimensions)
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
  const [reserve, queryFloats, queryCodes, scoreArea, selectedArea, write, move, scan, select, gather] = [
    'reserve',
    'queryFloats',
    'queryCodes',
    'scoreArea',
    'selectedArea',
    'write',
    'move',
    'scan',
    'select',
    'gather',
  ].map(instance.call) as Kernel[] as KernelList
  const floatArea = instance.call('floatArea')
  const codes = codeBytes(quantization, dimensions)
  const tail = codes > 0 ? tailNumbers : 0
  const scoresAt = scoreArea() >>> 0
  let scores = new Float32Array(memory.buffer, scoresAt, scanRows)
  let numbers = new Uint32Array(memory.buffer, scoresAt, scanRows)
  const selectedAt = selectedArea() >>> 0
  let selected = selectedIn(memory, selectedAt)
  // Growing detaches the old views.
  const refresh = () => {
    scores = new Float32Array(memory.buffer, scoresAt, scanRows)
    numbers = new Uint32Array(memory.buffer, scoresAt, scanRows)
    selected = selectedIn(memory, selectedAt)
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
    // As an unsigned number.
    select: (query, start, end, threshold) => select(query, start, end, threshold) >>> 0,
    get selected() {
      return selected
    },
    share(count, threads) {
      const first = instance.call('rowArea')() >>> 0
      const row = dimensions * 4 + codeRowBytes(quantization, dimensions)
      const used = first + Math.ceil(count / scanRows) * scanRows * row
      const scratch = queryRows * row + scanRows * 4 + 1024 + 2 * codes
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

function selectedIn(memory: WebAssembly.Memory, at: number): Selected {
  const count = new Uint32Array(memory.buffer, at, 1)
  return {
    get count() {
      return count[0]!
    },
    rows: new Uint32Array(memory.buffer, at + 16, mostSelected),
    scores: new Float32Array(memory.buffer, at + 256, mostSelected),
  }
}

type Kernel = (...numbers: number[]) => number
type KernelList = [Kernel, Kernel, Kernel, Kernel, Kernel, Kernel, Kernel, Kernel, Kernel, Kernel]

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
  readonly selected = {
    count: 0,
    rows: new Uint32Array(mostSelected),
    scores: new Float32Array(mostSelected),
  }

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

  select(query: number, start: number, end: number, threshold: number): number {
    const { codes, tail } = this.queries[query]!
    const { selected, codeLength: length } = this
    const stop = Math.min(end, start + mostSelected)
    let found = 0
    for (let row = start; row < stop; row++) {
      const dot = this.bits
        ? bitDot(codes, 0, this.codes, row * length, length, tail[2]!)
        : codeDot(codes, 0, this.codes, row * length, length)
      const score = codeScore(this.euclidean, dot, tail, 0, this.tails, row * tailNumbers)
      if (score < threshold) continue
      selected.rows[found] = row
      selected.scores[found++] = score
    }
    selected.count = found
    return stop
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
