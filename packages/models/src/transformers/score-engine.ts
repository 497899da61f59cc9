import { fingerprint, invalid, RagError } from '@tesserae/core'
import { turn } from '../turn.js'
import type { CrossEncoderSettings } from './cross-encoder-options.js'
import { disposedError } from './embed-engine.js'
import { contentIds, type PairFrame, pairFrameOf } from './frame.js'
import type { Tensor } from './library.js'
import { type LoadedModel, loadModel, windowOf } from './load.js'
import { tokensPerRun } from './options.js'
import { OversizeCount, type OversizeReport, piecesOf } from './pieces.js'
import { float32, planRuns, runModel, type Sequence } from './runs.js'

export interface CrossEncoderFacts {
  readonly id: string
  readonly maxTokens: number
}

export interface ScoreResult {
  readonly scores: Float32Array<ArrayBuffer>
  /** Tokens that the model read, query and special tokens counted for each pair. */
  readonly tokens: number
  readonly oversize: OversizeReport | undefined
}

/** The same in this thread and in a worker. */
export interface ScoreEngine {
  readonly facts: CrossEncoderFacts
  score(query: string, passages: readonly string[], signal?: AbortSignal): Promise<ScoreResult>
  dispose(): Promise<void>
}

interface Pair extends Sequence {
  readonly passage: number
}

export async function makeScoreEngine(settings: CrossEncoderSettings): Promise<ScoreEngine> {
  const loaded = await loadModel(settings, 'AutoModelForSequenceClassification')
  try {
    return await engineOf(settings, loaded, windowOf(loaded, settings.maxTokens))
  } catch (error) {
    await loaded.model.dispose()
    throw error
  }
}

async function engineOf(
  settings: CrossEncoderSettings,
  { library, tokenizer, model, padId }: LoadedModel,
  maxTokens: number,
): Promise<ScoreEngine> {
  const frame = pairFrameOf(tokenizer)
  const room = maxTokens - frame.before.length - frame.between.length - frame.after.length
  if (room < 2)
    invalid('maxTokens', 'large enough for two tokens and the special ones around them', maxTokens)
  const labels = await runModel(
    library,
    model,
    [pairOf(frame, contentIds(tokenizer, 'a'), contentIds(tokenizer, 'b'), 0)],
    padId,
    (outputs) => logitsOf(outputs).labels,
  )
  if (settings.label === undefined && labels !== 1) {
    throw new RagError(
      'invalid-argument',
      `The model "${settings.name}" has ${labels} labels. Set \`label\` to the place of the one that means relevant.`,
      { details: { argument: 'label', labels } },
    )
  }
  const label = settings.label ?? 0
  if (label >= labels) invalid('label', `below ${labels}, the labels of this model`, label)

  /** The query may take half of the window: a passage must have room too. */
  const queryOf = (query: string): readonly number[] => {
    const ids = contentIds(tokenizer, query)
    const most = Math.floor(room / 2)
    if (ids.length <= most) return ids
    if (settings.oversize === 'truncate') return ids.slice(0, most)
    throw new RagError(
      'invalid-argument',
      `The query has ${ids.length} tokens, of which this model can read ${most} beside a passage. Shorten it, or set \`oversize\` to "truncate".`,
      { details: { tokens: ids.length, limit: most } },
    )
  }

  let busy: Promise<unknown> = Promise.resolve()
  let disposed = false

  const compute = async (pairs: readonly Pair[], passages: number, signal?: AbortSignal) => {
    const scores = new Float32Array(passages).fill(Number.NEGATIVE_INFINITY)
    const plan = planRuns(
      pairs.map(({ ids }) => ids.length),
      { textsPerRun: settings.textsPerRun, tokensPerRun },
    )
    for (const places of plan) {
      await turn()
      signal?.throwIfAborted()
      const run = places.map((place) => pairs[place]!)
      await runModel(library, model, run, padId, (outputs) => {
        const { data } = logitsOf(outputs)
        for (const [row, { passage }] of run.entries())
          scores[passage] = Math.max(scores[passage]!, logOdds(data, row * labels, labels, label))
      })
    }
    return scores
  }

  const version = fingerprint({
    maxTokens,
    oversize: settings.oversize,
    label,
    revision: settings.local ? '' : settings.revision,
  }).slice(0, 8)
  return {
    facts: { id: `transformers:${settings.name}:${settings.dataType}@${version}`, maxTokens },
    async score(query, passages, signal) {
      const count = new OversizeCount()
      const queryIds = queryOf(query)
      const pairs: Pair[] = []
      let units = 0
      for (const [index, passage] of passages.entries()) {
        const ids = contentIds(tokenizer, passage)
        for (const piece of piecesOf(ids, room - queryIds.length, settings.oversize, index, count))
          pairs.push(pairOf(frame, queryIds, piece, index))
        units += passage.length
        if (units > 1 << 17) {
          units = 0
          await turn()
          signal?.throwIfAborted()
        }
      }
      const result = busy.then(() => {
        signal?.throwIfAborted()
        if (disposed) throw disposedError(settings.name)
        return compute(pairs, passages.length, signal)
      })
      busy = result.catch(() => {})
      return {
        scores: await result,
        tokens: pairs.reduce((sum, { ids }) => sum + ids.length, 0),
        oversize: count.report(settings.oversize),
      }
    },
    async dispose() {
      if (disposed) return
      disposed = true
      await busy
      await model.dispose()
    },
  }
}

function pairOf(frame: PairFrame, query: readonly number[], passage: readonly number[], index: number): Pair {
  return {
    passage: index,
    ids: [...frame.before, ...query, ...frame.between, ...passage, ...frame.after],
    types: [
      ...frame.beforeType,
      ...query.map(() => frame.firstType),
      ...frame.betweenType,
      ...passage.map(() => frame.secondType),
      ...frame.afterType,
    ],
  }
}

function logitsOf(outputs: { readonly [name: string]: Tensor }): { data: Float32Array; labels: number } {
  const { logits } = outputs
  if (logits === undefined) {
    throw new RagError(
      'incompatible',
      `A cross-encoder must give logits; this model gives ${Object.keys(outputs).join(', ')}.`,
    )
  }
  return { data: float32(logits), labels: logits.dims[1] ?? 1 }
}

/** The logit of one label against all others together: log(p / (1 − p)) of its softmax; the logit itself when alone. */
function logOdds(logits: Float32Array, first: number, labels: number, label: number): number {
  const own = logits[first + label]!
  if (labels === 1) return own
  let top = Number.NEGATIVE_INFINITY
  for (let i = 0; i < labels; i++) if (i !== label) top = Math.max(top, logits[first + i]!)
  let sum = 0
  for (let i = 0; i < labels; i++) if (i !== label) sum += Math.exp(logits[first + i]! - top)
  return own - top - Math.log(sum)
}
