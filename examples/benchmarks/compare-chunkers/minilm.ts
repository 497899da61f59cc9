import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachedEmbedder, dot, type Embedder, normalizeInPlace } from '@tesserae/core'
import { type WordPieceTokenizer, wordPieceTokenizer } from '@tesserae/models'
import { repositoryRoot } from '../harness/context.js'
import { loadPeer } from '../harness/peers.js'
import { vectorFile } from './vector-file.js'

// What is used of the runtime, typed here: it is installed apart and only when this model is asked for.
interface Tensor {
  readonly data: Float32Array
  dispose(): void
}
interface Session {
  run(feeds: { readonly [name: string]: Tensor }): Promise<{ readonly [name: string]: Tensor }>
}
interface OnnxRuntime {
  readonly InferenceSession: { create(path: string, options: object): Promise<Session> }
  readonly Tensor: new (type: 'int64', data: BigInt64Array, shape: readonly number[]) => Tensor
}

const dimensions = 384
const maxTokens = 256
const batchTexts = 8
const startToken = 101
const endToken = 102

interface ReferenceVectors {
  readonly items: readonly {
    readonly text: string
    readonly ids: readonly number[]
    readonly vector: readonly number[]
  }[]
}

/**
 * all-MiniLM-L6-v2 in ONNX (fp32): mean over all tokens with [CLS] and [SEP], unit length, texts cut to 256
 * tokens. Compared with the reference vectors beside the model before it is used. Vectors are kept in
 * `.tesserae/` of the repository, so only the first run computes them.
 */
export async function miniLmEmbedder(shared: string): Promise<{ embedder: Embedder; agreement: number }> {
  const folder = join(shared, 'models', 'all-MiniLM-L6-v2')
  const vocabulary = readFileSync(join(folder, 'vocab.txt'), 'utf8').trimEnd().split(/\r?\n/)
  const tokenizer = wordPieceTokenizer({ vocabulary })
  const module = await loadPeer<OnnxRuntime & { readonly default?: OnnxRuntime }>('onnxruntime-node')
  const runtime = module.default ?? module
  const session = await runtime.InferenceSession.create(join(folder, 'onnx', 'model.onnx'), {})
  const model: Embedder = {
    id: 'all-MiniLM-L6-v2@fp32',
    dimensions,
    maxBatchSize: 64,
    async embed(texts, { signal }) {
      const ids = texts.map((text) => idsOf(tokenizer, text))
      // Texts of one length share a batch: padding is wasted work.
      const order = ids.map((_, place) => place).sort((a, b) => ids[a]!.length - ids[b]!.length || a - b)
      const vectors = new Float32Array(texts.length * dimensions)
      for (let first = 0; first < order.length; first += batchTexts) {
        signal?.throwIfAborted()
        const places = order.slice(first, first + batchTexts)
        await embedBatch(runtime, session, ids, places, vectors)
      }
      return vectors
    },
  }
  const agreement = await leastCosine(model, tokenizer, join(folder, 'reference-vectors.json'))
  if (agreement < 0.9999)
    throw new Error(
      `The model's vectors differ from its reference: least cosine ${agreement}, must be 0.9999.`,
    )
  const cache = vectorFile(join(repositoryRoot, '.tesserae', 'compare-chunkers-minilm.bin'), dimensions)
  return { embedder: cachedEmbedder(model, cache), agreement }
}

function idsOf(tokenizer: WordPieceTokenizer, text: string): number[] {
  return [startToken, ...tokenizer.ids(text).subarray(0, maxTokens - 2), endToken]
}

async function embedBatch(
  runtime: OnnxRuntime,
  session: Session,
  ids: readonly (readonly number[])[],
  places: readonly number[],
  vectors: Float32Array,
): Promise<void> {
  const width = ids[places.at(-1)!]!.length
  const shape = [places.length, width]
  const tokens = new BigInt64Array(places.length * width)
  const mask = new BigInt64Array(tokens.length)
  for (const [row, place] of places.entries()) {
    for (const [column, id] of ids[place]!.entries()) {
      tokens[row * width + column] = BigInt(id)
      mask[row * width + column] = 1n
    }
  }
  const feeds = {
    input_ids: new runtime.Tensor('int64', tokens, shape),
    attention_mask: new runtime.Tensor('int64', mask, shape),
    token_type_ids: new runtime.Tensor('int64', new BigInt64Array(tokens.length), shape),
  }
  const output = (await session.run(feeds)).last_hidden_state!
  const states = output.data
  for (const [row, place] of places.entries()) {
    for (let column = 0; column < ids[place]!.length; column++) {
      const offset = (row * width + column) * dimensions
      for (let d = 0; d < dimensions; d++) vectors[place * dimensions + d]! += states[offset + d]!
    }
    normalizeInPlace(vectors, place * dimensions, dimensions)
  }
  for (const tensor of [...Object.values(feeds), output]) tensor.dispose()
}

/** The least cosine with the reference vectors; throws when a text has other tokens than the reference. */
async function leastCosine(model: Embedder, tokenizer: WordPieceTokenizer, path: string): Promise<number> {
  const { items } = JSON.parse(readFileSync(path, 'utf8')) as ReferenceVectors
  for (const { text, ids } of items)
    if (idsOf(tokenizer, text).join() !== ids.join())
      throw new Error(`The tokens of ${JSON.stringify(text.slice(0, 40))} differ from the reference.`)
  const vectors = await model.embed(
    items.map((item) => item.text),
    { role: 'document' },
  )
  let least = 1
  for (const [row, { vector }] of items.entries()) {
    const expected = Float32Array.from(vector)
    normalizeInPlace(expected, 0, dimensions)
    least = Math.min(least, dot(vectors, row * dimensions, expected, 0, dimensions))
  }
  return least
}
