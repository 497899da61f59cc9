import type { Library, LibraryModel, Tensor } from './library.js'

/** One sequence of ids as the model reads it, its types beside it where the model knows types. */
export interface Sequence {
  readonly ids: readonly number[]
  readonly types?: readonly number[] | undefined
}

/** Rows of a run's output: `width` numbers for each token (or one row for the sequence when `pooled`). */
export interface Output {
  readonly data: Float32Array
  readonly dims: readonly number[]
}

export interface RunLimits {
  /** Sequences of one run, at most. */
  readonly textsPerRun: number
  /** Tokens of one run, padding counted, at most; a single sequence may be longer. */
  readonly tokensPerRun: number
}

/** Which sequences run together: neighbours in length, so that little is padded. Longest last. */
export function planRuns(lengths: readonly number[], limits: RunLimits): readonly (readonly number[])[] {
  const order = lengths.map((_, place) => place).sort((a, b) => lengths[a]! - lengths[b]! || a - b)
  const runs: number[][] = []
  let run: number[] = []
  for (const place of order) {
    const width = lengths[place]!
    const full = run.length >= limits.textsPerRun || (run.length + 1) * width > limits.tokensPerRun
    if (run.length > 0 && full) {
      runs.push(run)
      run = []
    }
    run.push(place)
  }
  if (run.length > 0) runs.push(run)
  return runs
}

/** Inputs that some exports ask for beside the ids and the mask. */
const optionalInputs = ['token_type_ids', 'position_ids']

/**
 * Runs the model over sequences, padded on the right to the longest, and hands its outputs to `read`.
 * Every tensor is disposed of afterwards, also when the run fails.
 */
export async function runModel<T>(
  library: Library,
  model: LibraryModel,
  sequences: readonly Sequence[],
  padId: number,
  read: (outputs: { readonly [name: string]: Tensor }) => T,
): Promise<T> {
  const rows = sequences.length
  const width = Math.max(...sequences.map(({ ids }) => ids.length))
  const size = rows * width
  const ids = new BigInt64Array(size).fill(BigInt(padId))
  const mask = new BigInt64Array(size)
  const types = new BigInt64Array(size)
  const positions = new BigInt64Array(size)
  for (const [row, sequence] of sequences.entries()) {
    for (let column = 0; column < sequence.ids.length; column++) {
      const place = row * width + column
      ids[place] = BigInt(sequence.ids[column]!)
      mask[place] = 1n
      types[place] = BigInt(sequence.types?.[column] ?? 0)
      positions[place] = BigInt(column)
    }
  }
  const tensor = (data: BigInt64Array) => new library.Tensor('int64', data, [rows, width])
  const wanted = new Set(Object.values(model.sessions).flatMap((session) => session.inputNames))
  const inputs: { [name: string]: Tensor } = { input_ids: tensor(ids), attention_mask: tensor(mask) }
  for (const name of optionalInputs) {
    if (wanted.has(name)) inputs[name] = tensor(name === 'token_type_ids' ? types : positions)
  }
  let outputs: { readonly [name: string]: Tensor } = {}
  try {
    outputs = await model(inputs)
    return read(outputs)
  } finally {
    for (const used of [...Object.values(inputs), ...Object.values(outputs)]) {
      if (typeof used?.dispose === 'function') used.dispose()
    }
  }
}

/** Numbers of a tensor as float32, half precision converted. */
export function float32(tensor: Tensor): Float32Array {
  const { data } = tensor.type === 'float32' ? tensor : tensor.to('float32')
  if (!(data instanceof Float32Array)) throw new TypeError(`A tensor of type ${tensor.type} has no numbers.`)
  return data
}
