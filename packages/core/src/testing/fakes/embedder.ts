import { checkInteger, checkNumber } from '../../check.js'
import type { Embedder, EmbedOptions } from '../../embedder.js'
import { ModelError } from '../../errors.js'
import { normalized } from '../vectors.js'
import { pause } from './wait.js'
import { hashText, wordsOf } from './words.js'

export interface FakeEmbedderOptions {
  /** @default 32 */
  readonly dimensions?: number | undefined
  /** @default 'fake-embedder' */
  readonly id?: string | undefined
  /** A larger batch is refused with a `ModelError`. @default 64 */
  readonly maxBatchSize?: number | undefined
  /** Told to callers; not enforced, because a fake has no tokenizer. @default none */
  readonly maxBatchTokens?: number | undefined
  /** A batch with a text for which this holds fails: true gives a `ModelError`, an error is thrown as it is. `call` counts from 1. @default never */
  readonly failOn?: ((text: string, call: number) => boolean | Error) | undefined
  /** How long a call takes, in milliseconds. @default 0 */
  readonly delayMs?: number | undefined
}

export interface EmbedCall {
  readonly texts: readonly string[]
  readonly role: EmbedOptions['role']
}

export interface FakeEmbedder extends Embedder {
  /** Every call so far, refused ones too. */
  readonly calls: readonly EmbedCall[]
}

/** Unit vector of a text: each word adds ±1 in two hashed places, so texts that share words are closer. */
export function hashEmbedding(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  for (const word of wordsOf(text)) {
    for (const basis of [0x811c9dc5, 0x01234567]) {
      const hash = hashText(word, basis)
      vector[hash % dimensions]! += hash & 0x80000000 ? 1 : -1
    }
  }
  // Texts without words, or whose words cancel out, still get a direction of their own.
  if (vector.every((value) => value === 0)) vector[hashText(text) % dimensions] = 1
  return normalized(vector)
}

/** A deterministic embedder without a model: `hashEmbedding` per text, whatever the batch and the role. */
export function fakeEmbedder(options: FakeEmbedderOptions = {}): FakeEmbedder {
  const dimensions = checkInteger('dimensions', options.dimensions ?? 32)
  const maxBatchSize = checkInteger('maxBatchSize', options.maxBatchSize ?? 64)
  const delayMs = checkNumber('delayMs', options.delayMs ?? 0, 0)
  const calls: EmbedCall[] = []
  return {
    id: options.id ?? 'fake-embedder',
    dimensions,
    maxBatchSize,
    maxBatchTokens: options.maxBatchTokens,
    calls,
    async embed(texts, { role, signal }): Promise<Float32Array> {
      signal?.throwIfAborted()
      calls.push({ texts: texts.slice(), role })
      const call = calls.length
      await pause(delayMs, signal)
      if (texts.length > maxBatchSize)
        throw new ModelError(
          `the fake embedder takes at most ${maxBatchSize} texts a call, got ${texts.length}`,
        )
      const rows = new Float32Array(texts.length * dimensions)
      for (const [row, text] of texts.entries()) {
        const failure = options.failOn?.(text, call) ?? false
        if (failure) throw failure === true ? new ModelError('the fake embedder was told to fail') : failure
        rows.set(hashEmbedding(text, dimensions), row * dimensions)
      }
      return rows
    },
  }
}
