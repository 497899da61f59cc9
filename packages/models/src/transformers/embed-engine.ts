import { fingerprint, invalid, RagError } from '@tesserae/core'
import type { EmbedderSettings } from './embedder-options.js'
import { familyOf, type PoolingMode, type Prefixes } from './families.js'
import { contentIds, type Frame, frameOf } from './frame.js'
import type { Tensor } from './library.js'
import { type LoadedModel, loadModel, windowOf } from './load.js'
import { tokensPerRun } from './options.js'
import { OversizeCount, type OversizeReport, piecesOf } from './pieces.js'
import { addPooled, toUnitLength } from './pooling.js'
import { float32, planRuns, runModel } from './runs.js'
import { readSentenceFiles } from './sentence-files.js'
import { turn } from './turn.js'

/** What is known of an embedder once it is loaded. */
export interface EmbedderFacts {
  readonly id: string
  readonly dimensions: number
  readonly maxTokens: number
  readonly pooling: PoolingMode
  readonly prefixes: Prefixes
}

export interface EmbedResult {
  readonly vectors: Float32Array<ArrayBuffer>
  /** Tokens that the model read, special tokens counted. */
  readonly tokens: number
  readonly oversize: OversizeReport | undefined
}

/** The same in this thread and in a worker. */
export interface EmbedEngine {
  readonly facts: EmbedderFacts
  embed(texts: readonly string[], role: 'query' | 'document', signal?: AbortSignal): Promise<EmbedResult>
  countTokens(texts: readonly string[]): Promise<Uint32Array<ArrayBuffer>>
  dispose(): Promise<void>
}

/** One window of a text: all of it, unless it was too long. */
interface Piece {
  readonly text: number
  readonly ids: readonly number[]
  readonly weight: number
}

export async function makeEmbedEngine(settings: EmbedderSettings): Promise<EmbedEngine> {
  const loaded = await loadModel(settings, 'AutoModel')
  try {
    const files = settings.local ? await readSentenceFiles(settings.source) : {}
    const family = familyOf(settings.name)
    const pooling = settings.pooling ?? files.pooling ?? family?.pooling
    if (pooling === undefined) {
      throw new RagError(
        'invalid-argument',
        `How to pool the vectors of "${settings.name}" is not known. Set \`pooling\` to what its model card says.`,
        { details: { argument: 'pooling' } },
      )
    }
    const stated = settings.prefixes ?? files.prefixes ?? family?.prefixes
    const prefixes: Prefixes = { query: stated?.query ?? '', document: stated?.document ?? '' }
    return await engineOf(
      settings,
      loaded,
      pooling,
      prefixes,
      windowOf(loaded, settings.maxTokens, files.maxTokens),
    )
  } catch (error) {
    await loaded.model.dispose()
    throw error
  }
}

async function engineOf(
  settings: EmbedderSettings,
  loaded: LoadedModel,
  pooling: PoolingMode,
  prefixes: Prefixes,
  maxTokens: number,
): Promise<EmbedEngine> {
  const { library, tokenizer, model, padId } = loaded
  const frame = frameOf(tokenizer)
  const prefixIds = {
    query: contentIds(tokenizer, prefixes.query),
    document: contentIds(tokenizer, prefixes.document),
  }
  for (const role of ['query', 'document'] as const) {
    const room = maxTokens - frame.before.length - frame.after.length - prefixIds[role].length
    if (room < 1) invalid('maxTokens', `large enough for the ${role} prefix and one token`, maxTokens)
  }
  // Runs once before anybody waits: shows that the model works, and how wide its vectors are.
  const size = await runModel(
    library,
    model,
    [{ ids: framed(frame, contentIds(tokenizer, 'a')) }],
    padId,
    (out) => statesOf(out).dims.at(-1)!,
  )
  const dimensions = settings.dimensions ?? size
  if (dimensions > size) invalid('dimensions', `at most ${size}, the width of this model`, dimensions)

  /** The windows of a text with everything the model sees around it. */
  const windowsOf = (
    text: string,
    index: number,
    role: 'query' | 'document',
    count: OversizeCount,
  ): Piece[] => {
    const room = maxTokens - frame.before.length - frame.after.length
    const whole = contentIds(tokenizer, prefixes[role] + text)
    if (whole.length <= room) return [{ text: index, ids: framed(frame, whole), weight: 1 }]
    const prefix = prefixIds[role]
    const content = prefix.length === 0 ? whole : contentIds(tokenizer, text)
    return piecesOf(content, room - prefix.length, settings.oversize, index, count).map((ids) => ({
      text: index,
      ids: framed(frame, [...prefix, ...ids]),
      weight: ids.length,
    }))
  }

  /** Calls take turns: a session computes one run at a time. */
  let busy: Promise<unknown> = Promise.resolve()
  let disposed = false

  const compute = async (pieces: readonly Piece[], texts: number, signal?: AbortSignal) => {
    const sums = new Float64Array(texts * dimensions)
    const scratch = new Float64Array(dimensions)
    const plan = planRuns(
      pieces.map(({ ids }) => ids.length),
      { textsPerRun: settings.textsPerRun, tokensPerRun },
    )
    for (const places of plan) {
      await turn()
      signal?.throwIfAborted()
      const run = places.map((place) => pieces[place]!)
      await runModel(library, model, run, padId, (outputs) => {
        const { data, dims } = statesOf(outputs)
        const rowSize = dims.slice(1).reduce((product, n) => product * n, 1)
        for (const [row, piece] of run.entries()) {
          scratch.fill(0)
          // An output of two dimensions was pooled inside the model: one row for each text.
          const tokens = dims.length === 3 ? piece.ids.length : 1
          addPooled(data, row * rowSize, tokens, size, dims.length === 3 ? pooling : 'cls', scratch, 1)
          if (piece.weight !== 1) toUnitLength(scratch)
          const offset = piece.text * dimensions
          for (let d = 0; d < dimensions; d++) sums[offset + d]! += scratch[d]! * piece.weight
        }
      })
    }
    const vectors = new Float32Array(texts * dimensions)
    for (let text = 0; text < texts; text++) {
      const sum = sums.subarray(text * dimensions, (text + 1) * dimensions)
      toUnitLength(sum)
      vectors.set(sum, text * dimensions)
    }
    return vectors
  }

  const version = fingerprint({
    prefixes: { ...prefixes },
    maxTokens,
    oversize: settings.oversize,
    pooling,
    revision: settings.local ? '' : settings.revision,
  }).slice(0, 8)
  return {
    facts: {
      id: `transformers:${settings.name}:${settings.dataType}:${dimensions}@${version}`,
      dimensions,
      maxTokens,
      pooling,
      prefixes,
    },
    async embed(texts, role, signal) {
      const count = new OversizeCount()
      const pieces: Piece[] = []
      let units = 0
      for (const [index, text] of texts.entries()) {
        pieces.push(...windowsOf(text, index, role, count))
        units += text.length
        if (units > 1 << 17) {
          units = 0
          await turn()
          signal?.throwIfAborted()
        }
      }
      const result = busy.then(() => {
        signal?.throwIfAborted()
        if (disposed) throw disposedError(settings.name)
        return compute(pieces, texts.length, signal)
      })
      busy = result.catch(() => {})
      return {
        vectors: await result,
        tokens: pieces.reduce((sum, { ids }) => sum + ids.length, 0),
        oversize: count.report(settings.oversize),
      }
    },
    async countTokens(texts) {
      return Uint32Array.from(texts, (text) => contentIds(tokenizer, text).length)
    },
    async dispose() {
      if (disposed) return
      disposed = true
      await busy
      await model.dispose()
    },
  }
}

export function disposedError(name: string): RagError {
  return new RagError('unsupported', `The model "${name}" was disposed of. Load it again to use it.`)
}

function framed(frame: Frame, ids: readonly number[]): readonly number[] {
  return [...frame.before, ...ids, ...frame.after]
}

const outputNames = ['last_hidden_state', 'token_embeddings', 'sentence_embedding']

function statesOf(outputs: { readonly [name: string]: Tensor }): {
  data: Float32Array
  dims: readonly number[]
} {
  const name = outputNames.find((candidate) => outputs[candidate] !== undefined)
  if (name === undefined) {
    throw new RagError(
      'incompatible',
      `An embedding model must give one of ${outputNames.join(', ')}; this one gives ${Object.keys(outputs).join(', ')}.`,
    )
  }
  return { data: float32(outputs[name]!), dims: outputs[name]!.dims }
}
