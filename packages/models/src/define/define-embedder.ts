import {
  checkInteger,
  checkNumber,
  type Embedder,
  type EmbedderProfile,
  type EmbedOptions,
  invalid,
  type Observer,
  RagError,
} from '@tesserae/core'
import { checkEmbedCall } from '../calls.js'
import { toModelError } from '../remote/model-error.js'

export interface EmbedderCall {
  readonly role: 'query' | 'document'
  readonly signal: AbortSignal | undefined
  /** Told tokens that a service counted: `{ type: 'embed.usage', source: id, counts: { tokens } }`. */
  readonly observer: Observer | undefined
}

/** One list of numbers per text, or all of them row after row. */
export type EmbedderAnswer = readonly ArrayLike<number>[] | Float32Array

export interface EmbedderDefinition extends EmbedderProfile {
  /** Model, version and options: vectors of different ids are never mixed. */
  readonly id: string
  readonly dimensions: number
  /** Texts of one call, at most. @default 64 */
  readonly maxBatchSize?: number | undefined
  /** Tokens of one call, at most, for whoever makes the batches. @default no limit */
  readonly maxBatchTokens?: number | undefined
  /** Put in front of a text by role. @default nothing */
  readonly prefixes?:
    | { readonly query?: string | undefined; readonly document?: string | undefined }
    | undefined
  /** Embeds at most `maxBatchSize` texts. Never called with none. */
  embed(texts: readonly string[], call: EmbedderCall): Promise<EmbedderAnswer> | EmbedderAnswer
}

/**
 * An embedder out of one function that asks a model. Whatever the model's answer, callers get what the port
 * promises: larger batches are sent in several calls, there is one row per text with the right number of finite
 * numbers, every row has unit length, and what is thrown is a `RagError` or the abort.
 *
 * @throws RagError `invalid-vector` for an answer of another shape, `model-failed` for what the function throws.
 */
export function defineEmbedder(definition: EmbedderDefinition): Embedder & EmbedderProfile {
  const { id, prefixes, maxBatchTokens, vectorShare, scripts } = definition
  if (typeof id !== 'string' || id.trim() === '') invalid('id', 'a string with something in it', id)
  const dimensions = checkInteger('dimensions', definition.dimensions)
  const maxBatchSize = checkInteger('maxBatchSize', definition.maxBatchSize ?? 64)
  if (maxBatchTokens !== undefined) checkInteger('maxBatchTokens', maxBatchTokens)
  if (vectorShare !== undefined) checkNumber('vectorShare', vectorShare, 0, 1)
  if (typeof definition.embed !== 'function') invalid('embed', 'a function', definition.embed)

  const ask = async (texts: readonly string[], call: EmbedOptions): Promise<EmbedderAnswer> => {
    const { role, signal, observer } = call
    const prefix = prefixes?.[role] ?? ''
    try {
      return await definition.embed(prefix === '' ? texts : texts.map((text) => prefix + text), {
        role,
        signal,
        observer,
      })
    } catch (error) {
      throw toModelError(`The embedder "${id}"`, error, signal)
    }
  }
  return {
    id,
    dimensions,
    maxBatchSize,
    maxBatchTokens,
    vectorShare,
    scripts,
    async embed(texts, call) {
      checkEmbedCall(texts, call)
      call.signal?.throwIfAborted()
      const vectors = new Float32Array(texts.length * dimensions)
      for (let first = 0; first < texts.length; first += maxBatchSize) {
        const batch = texts.slice(first, first + maxBatchSize)
        const answer = await ask(batch, call)
        call.signal?.throwIfAborted()
        fill(id, dimensions, answer, batch.length, vectors, first)
      }
      return vectors
    },
  }
}

function fill(
  id: string,
  dimensions: number,
  answer: EmbedderAnswer,
  texts: number,
  vectors: Float32Array,
  first: number,
): void {
  const flat = answer instanceof Float32Array
  const rows = flat ? answer.length / dimensions : answer?.length
  if (rows !== texts) {
    throw wrong(
      id,
      flat
        ? `${answer.length} numbers for ${texts} texts of ${dimensions} dimensions`
        : `${rows} vectors for ${texts} texts`,
    )
  }
  for (let row = 0; row < texts; row++) {
    const source: ArrayLike<number> | undefined = flat ? answer : answer[row]
    const offset = flat ? row * dimensions : 0
    if (!flat && source?.length !== dimensions) {
      throw wrong(id, `${source?.length} numbers for text ${row}; \`dimensions\` is ${dimensions}`)
    }
    let squares = 0
    for (let d = 0; d < dimensions; d++) {
      const value = source![offset + d]
      if (typeof value !== 'number' || !Number.isFinite(value))
        throw wrong(id, `${String(value)} for text ${row}; every number must be finite`)
      squares += value * value
    }
    if (squares === 0) throw wrong(id, `only zeros for text ${row}; they have no direction`)
    const scale = 1 / Math.sqrt(squares)
    const target = (first + row) * dimensions
    for (let d = 0; d < dimensions; d++) vectors[target + d] = source![offset + d]! * scale
  }
}

function wrong(id: string, what: string): RagError {
  return new RagError('invalid-vector', `The embedder "${id}" returned ${what}.`, {
    details: { embedder: id },
  })
}
