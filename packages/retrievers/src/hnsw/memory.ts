import { checkInteger, checkOneOf, invalid } from '@tesserae/core'
import { codeRowBytes, type Quantization, quantizations } from '../wasm/quantize.js'
import { checkShardBytes } from '../wasm/shards.js'

export interface HnswMemoryOptions {
  /** Vectors. */
  readonly count: number
  /** Numbers per vector. */
  readonly dimensions: number
  /** @default 16 */
  readonly connectivity?: number | undefined
  /** @default 'none' */
  readonly quantization?: Quantization | undefined
  /** @default 4 GiB, one WebAssembly memory */
  readonly shardBytes?: number | undefined
}

type GraphShape = Omit<HnswMemoryOptions, 'count'>

/** Nodes of a block, which is allocated at once. */
const blockNodes = 256

/**
 * Bytes that an `hnswIndex` of this many vectors needs in its graph memories, before it is made. For each vector, with
 * D = dimensions padded to a multiple of 16: 4 D for floats, D + 16 for int8 codes or D / 8 + 16 for bits, 8 + 8 M (padded to 16) for links
 * on layer 0, about (4 + 4 M) / (M − 1) above, 2 to 6 for visited marks. Each memory needs some 70 kB besides.
 */
export function estimateHnswMemory(options: HnswMemoryOptions): number {
  const count = checkInteger('count', options.count, 0)
  const shards = Math.max(1, Math.ceil(count / graphCapacity(options)))
  const { fixed, node, upper } = graphBytes(options)
  const blocks = Math.ceil(count / blockNodes)
  return shards * fixed + blocks * blockNodes * (node + 6) + Math.ceil(count * upper)
}

/** Nodes that fit in one memory for certain: a multiple of 256. */
export function graphCapacity(options: GraphShape): number {
  const shardBytes = checkShardBytes(options.shardBytes)
  const { fixed, node, upper, list } = graphBytes(options)
  // Marks and the pool of a walk double and leave what they held before behind: at most 8 and 4 bytes a node.
  const most = (node + upper + 12) * 1.002
  // How many lists of upper layers there are is drawn: six standard deviations more than expected.
  const room = shardBytes - fixed
  const spread = 6 * list * Math.sqrt(Math.max(0, room / most) * (upper / list)) + 64 * list
  const nodes = Math.floor((room - spread) / most / blockNodes) * blockNodes
  if (nodes <= 0) {
    invalid(
      'shardBytes',
      `enough for ${blockNodes} vectors of ${options.dimensions} dimensions with their links`,
      shardBytes,
    )
  }
  return nodes
}

function graphBytes(options: GraphShape) {
  const dimensions = (checkInteger('dimensions', options.dimensions, 1, 4096) + 15) & ~15
  const links = checkInteger('connectivity', options.connectivity ?? 16, 2, 256)
  const quantization = checkOneOf<Quantization>('quantization', options.quantization ?? 'none', quantizations)
  const list = 4 + 4 * links
  return {
    fixed: 65_536 + 8 * dimensions,
    node: ((8 + 8 * links + 15) & ~15) + 4 * dimensions + codeRowBytes(quantization, dimensions),
    /** Lists above layer 0, of the mean node. */
    upper: list / (links - 1),
    list,
  }
}
