import { fingerprint, invalid, RagError } from '@tesserae/core'
import { turn } from '../turn.js'
import type { EmbedderSettings } from './embedder-options.js'
import { familyOf, type PoolingMode, type Prefixes } from './families.js'
import { contentIds, type Frame, frameOf } from './frame.js'
import type { Tensor } from './library.js'
import { type LoadedModel, loadModel, windowOf } from './load.js'
import { tokensPerRun } from './options.js'
import { OversizeCount, type OversizeReport, piecesOf } from './pieces.js'
import { addPooled, toUnitLength, unitRows } from './pooling.js'
import { float32, planRuns, runModel } from './runs.js'
import { readSentenceFiles } from './sentence-files.js'

type Role = 'query' | 'document'

/** What is known of an embedder once it is loaded. */
export interface EmbedderFacts {
  readonly id: string
  readonly dimensions: number
  /** Width of the model: of a token's vector, before anything is left out. */
  readonly size: number
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

/** Vectors of all tokens of all texts, one after the other, and how many each text has. */
export interface TokenResult {
  readonly vectors: Float32Array<ArrayBuffer>
  readonly counts: Uint32Array<ArrayBuffer>
}

/** The same in this thread and in a worker. */
export interface EmbedEngine {
  readonly facts: EmbedderFacts
  embed(texts: readonly string[], role: Role, signal?: AbortSignal): Promise<EmbedResult>
  embedTokens(texts: readonly string[], role: Role, signal?: AbortSignal): Promise<TokenResult>
  countTokens(texts: readonly string[]): Promise<Uint32Array<ArrayBuffer>>
  dispose(): Promise<void>
}

/** One window of a text: all of it, unless it was too long. */
interface Piece {
  readonly text: number
  readonly ids: readonly number[]
  /** Ids in front of the text's own: special tokens and prefix. */
  readonly lead: number
  /** Tokens of a part of a text; undefined for a whole one. */
  readonly part: number | undefined
}

/** What the model says about one piece: `tokens` rows of `size` numbers from `offset` on, or one row when pooled. */
type Visit = (piece: Piece, data: Float32Array, offset: number, pooled: boolean) => void

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
  const windowsOf = (text: string, index: number, role: Role, count: OversizeCount): Piece[] => {
    const room = maxTokens - frame.before.length - frame.after.length
    const prefix = prefixIds[role]
    const lead = frame.before.length + prefix.length
    const whole = contentIds(tokenizer, prefixes[role] + text)
    if (whole.length <= room) return [{ text: index, ids: framed(frame, whole), lead, part: undefined }]
    const content = prefix.length === 0 ? whole : contentIds(tokenizer, text)
    return piecesOf(content, room - prefix.length, settings.oversize, index, count).map((ids) => ({
      text: index,
      ids: framed(frame, [...prefix, ...ids]),
      lead,
      part: ids.length,
    }))
  }

  const piecesFor = async (
    texts: readonly string[],
    role: Role,
    count: OversizeCount,
    signal: AbortSignal | undefined,
  ): Promise<readonly Piece[]> => {
    const pieces: Piece[] = []
    let units = 0
    for (const [index, text] of texts.entries()) {
      for (const piece of windowsOf(text, index, role, count)) pieces.push(piece)
      units += text.length
      if (units > 1 << 17) {
        units = 0
        await turn()
        signal?.throwIfAborted()
      }
    }
    return pieces
  }

  /** Calls take turns: a session computes one run at a time. */
  let busy: Promise<unknown> = Promise.resolve()
  let disposed = false

  const compute = async (pieces: readonly Piece[], visit: Visit, signal: AbortSignal | undefined) => {
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
        // An output of two dimensions was pooled inside the model: one row for each text.
        const pooled = dims.length === 2
        const rowSize = pooled ? size : dims[1]! * size
        for (const [row, piece] of run.entries()) visit(piece, data, row * rowSize, pooled)
      })
    }
  }

  const inTurn = (pieces: readonly Piece[], visit: Visit, signal: AbortSignal | undefined): Promise<void> => {
    const result = busy.then(() => {
      signal?.throwIfAborted()
      if (disposed) throw disposedError(settings.name)
      return compute(pieces, visit, signal)
    })
    busy = result.catch(() => {})
    return result
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
      size,
      maxTokens,
      pooling,
      prefixes,
    },
    async embed(texts, role, signal) {
      const count = new OversizeCount()
      const pieces = await piecesFor(texts, role, count, signal)
      const sums = new Float64Array(texts.length * dimensions)
      const scratch = new Float64Array(dimensions)
      const visit: Visit = ({ text, ids, part }, data, offset, pooled) => {
        scratch.fill(0)
        addPooled(data, offset, pooled ? 1 : ids.length, size, pooled ? 'cls' : pooling, scratch)
        if (part !== undefined) toUnitLength(scratch)
        for (let d = 0; d < dimensions; d++) sums[text * dimensions + d]! += scratch[d]! * (part ?? 1)
      }
      await inTurn(pieces, visit, signal)
      const vectors = new Float32Array(sums.length)
      for (let start = 0; start < sums.length; start += dimensions) {
        const sum = sums.subarray(start, start + dimensions)
        toUnitLength(sum)
        vectors.set(sum, start)
      }
      return {
        vectors,
        tokens: pieces.reduce((total, { ids }) => total + ids.length, 0),
        oversize: count.report(settings.oversize),
      }
    },
    async embedTokens(texts, role, signal) {
      const pieces = await piecesFor(texts, role, new OversizeCount(), signal)
      const rows = new Map<Piece, Float32Array>()
      await inTurn(
        pieces,
        (piece, data, offset, pooled) => {
          if (pooled) throw onlyPooled(settings.name)
          const end = piece.ids.length - frame.after.length
          rows.set(piece, unitRows(data, offset + piece.lead * size, end - piece.lead, size))
        },
        signal,
      )
      const counts = new Uint32Array(texts.length)
      let total = 0
      for (const piece of pieces) total += rows.get(piece)!.length
      const vectors = new Float32Array(total)
      let at = 0
      for (const piece of pieces) {
        const part = rows.get(piece)!
        vectors.set(part, at)
        at += part.length
        counts[piece.text]! += part.length / size
      }
      return { vectors, counts }
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

function onlyPooled(name: string): RagError {
  return new RagError(
    'unsupported',
    `The model "${name}" gives one vector for a text and none for its tokens. Use an export with \`last_hidden_state\`.`,
  )
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
