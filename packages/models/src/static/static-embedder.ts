import {
  type CallOptions,
  checkOneOf,
  type Embedder,
  type EmbedderProfile,
  type EmbedOptions,
  fingerprint,
  invalid,
} from '@tesserae/core'
import { checkEmbedCall } from '../calls.js'
import type { SharedTokens, TokenEmbedder, TokenVectors } from '../late-interaction/token-embedder.js'
import { Scanner } from '../wordpiece/scanner.js'
import { sharedCharacters, tokenizerOf, type WordPieceTokenizer } from '../wordpiece/tokenizer.js'
import { Vocabulary } from '../wordpiece/vocabulary.js'
import { type ModelFile, readModelFile } from './model-file.js'
import { Pooling } from './pooling.js'
import { scriptsOf } from './scripts.js'
import { readSource, type StaticSource } from './source.js'
import { factorsOf, type TokenWeights, type Weighted } from './token-weights.js'

export interface StaticEmbedderOptions extends StaticSource {
  /** How common each token is in your corpus, from `fitWeights`: what is rare there counts more. @default none */
  readonly weights?: TokenWeights | undefined
  /**
   * With 'queries' documents are embedded as without weights, so that weights may come later and change without
   * embedding them again; with 'all' they are weighted too. @default 'queries'
   */
  readonly weighted?: Weighted | undefined
  /** Ends the loading. */
  readonly signal?: AbortSignal | undefined
}

export interface StaticEmbedder extends Embedder, EmbedderProfile, TokenEmbedder {
  embedSharedTokens(texts: readonly string[], options: EmbedOptions): Promise<SharedTokens>
  /** 0.15: beside BM25 it never did harm with it on ten collections, and did with twice as much. */
  readonly vectorShare: number
  /** The scripts that its table has whole words of. */
  readonly scripts: readonly string[]
  /** The tokenizer of the model: counts tokens for chunkers at no further cost. */
  readonly tokenizer: WordPieceTokenizer
  /** Origin and licence of the table. */
  readonly notice: string
  /**
   * Counts in how many of the texts each token occurs, for `staticEmbedder({ weights })`. Weights are the same
   * whatever weights this embedder has itself. A sample of some thousand texts will do.
   *
   * @throws RagError `invalid-argument` when there is no text, or one is no string.
   */
  fitWeights(texts: Iterable<string> | AsyncIterable<string>, options?: CallOptions): Promise<TokenWeights>
}

/** Of a hybrid search; more of it costs on small collections, where every passage is near every question. */
const vectorShare = 0.15

/** Code units embedded between two looks at the signal and two turns of the event loop: about 50 ms of work. */
const stride = 1 << 20

/** Where to end a piece of work: after a blank, so that no word and no marker is cut. */
function cut(text: string, from: number): number {
  if (text.length - from <= stride) return text.length
  const blank = text.indexOf(' ', from + stride)
  return blank < 0 ? text.length : blank + 1
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}

/** What one call works with. Calls may interleave, so each borrows its own and hands it back. */
interface Workbench {
  readonly scanner: Scanner
  readonly pooling: Pooling
}

/**
 * The embedder in the box: token vectors distilled from a sentence transformer, no download and no key.
 * A text's vector is the normalised sum of its tokens' vectors, so word order does not count; use it as a
 * second leg beside BM25. Queries and documents are treated alike, but for the weights of a corpus.
 *
 * Texts of any length count whole, in time proportional to their length. A text without a token (empty,
 * blank) or whose tokens cancel out gets the vector of the unknown token: a fixed unit vector, equally
 * meaningless for each of them. A batch may be larger than `maxBatchSize`; aborting takes effect within
 * a million characters.
 *
 * @throws RagError `load-failed` when the table cannot be read, `corrupt-data` when it is damaged,
 * `incompatible` when it is something else, `invalid-argument` for options that contradict each other.
 */
export async function staticEmbedder(options: StaticEmbedderOptions = {}): Promise<StaticEmbedder> {
  const { signal, weights } = options
  const weighted = checkOneOf<Weighted>('weighted', options.weighted ?? 'queries', ['queries', 'all'])
  if (options.weighted !== undefined && weights === undefined)
    invalid('weights', 'given with `weighted`', weights)
  signal?.throwIfAborted()
  const source = await readSource(options, signal)
  signal?.throwIfAborted()
  return embedderOf(readModelFile(source.bytes, source.name), weights, weighted)
}

/** The scales of documents and of queries with the corpus's factors, and what these add to the id. */
function weigh(file: ModelFile, tokenizer: string, weights: TokenWeights | undefined, weighted: Weighted) {
  const plain = file.scales
  if (weights === undefined) return { scales: { document: plain, query: plain }, suffix: '' }
  const factors = factorsOf(weights, tokenizer, plain.length, weighted)
  const query = plain.map((scale, row) => scale * factors[row]!)
  const key = fingerprint([weights.texts, weights.frequencies, weighted]).slice(0, 16)
  return { scales: { document: weighted === 'all' ? query : plain, query }, suffix: `+weights@${key}` }
}

function embedderOf(file: ModelFile, weights: TokenWeights | undefined, weighted: Weighted): StaticEmbedder {
  const { dimensions } = file
  const tokenizerId = `wordpiece@${file.hash}`
  const { scales, suffix } = weigh(file, tokenizerId, weights, weighted)
  const id = `tesserae-static-en-${dimensions}@${file.hash}${suffix}`
  const vocabulary = new Vocabulary(file.vocabulary)
  const idle: Workbench[] = []
  const borrow = (): Workbench =>
    idle.pop() ?? {
      scanner: new Scanner(vocabulary, sharedCharacters()),
      pooling: new Pooling(file.rows, dimensions),
    }
  let scripts: readonly string[] | undefined
  const tokenizerScanner = new Scanner(vocabulary, sharedCharacters())
  const fallback = new Float32Array(dimensions)
  const bench = borrow()
  bench.pooling.add(Int32Array.of(tokenizerScanner.unknown), 1)
  // A table whose unknown token is zero has no direction to offer: any fixed unit vector will do.
  if (!bench.pooling.finish(fallback, 0, file.scales)) fallback[0] = 1
  idle.push(bench)

  /** Reads the texts one after the other; `take` gets what was read of each. Yields to the event loop on the way. */
  async function run(
    texts: readonly string[],
    signal: AbortSignal | undefined,
    take: (pooling: Pooling, place: number) => void,
  ): Promise<number> {
    const { scanner, pooling } = borrow()
    let tokens = 0
    let done = 0
    try {
      for (let i = 0; i < texts.length; i++) {
        const text = texts[i]!
        let at = 0
        while (at < text.length) {
          const end = cut(text, at)
          scanner.clear()
          scanner.scan(text, at, end)
          pooling.add(scanner.rows, scanner.count)
          tokens += scanner.count
          done += end - at
          at = end
          if (done >= stride) {
            done = 0
            await turn()
            signal?.throwIfAborted()
          }
        }
        take(pooling, i)
      }
    } finally {
      pooling.clear()
      idle.push({ scanner, pooling })
    }
    return tokens
  }

  return {
    id,
    dimensions,
    maxBatchSize: 1024,
    notice: file.notice,
    vectorShare,
    get scripts() {
      scripts ??= scriptsOf(file.vocabulary)
      return scripts
    },
    tokenizer: tokenizerOf(tokenizerId, tokenizerScanner, file.vocabularySize, file.ids),
    async embed(texts, options) {
      checkEmbedCall(texts, options)
      options.signal?.throwIfAborted()
      const started = performance.now()
      const out = new Float32Array(texts.length * dimensions)
      const tokens = await run(texts, options.signal, (pooling, place) => {
        if (!pooling.finish(out, place * dimensions, scales[options.role]))
          out.set(fallback, place * dimensions)
      })
      options.observer?.({
        type: 'embed.batch',
        source: id,
        milliseconds: performance.now() - started,
        counts: { texts: texts.length, tokens },
        labels: { role: options.role },
      })
      return out
    },
    async fitWeights(texts, { signal } = {}) {
      // A string is itself iterable: its characters would be taken for texts.
      if (typeof texts === 'string') invalid('texts', 'an iterable of strings', texts)
      const frequencies = new Uint32Array(file.scales.length)
      let counted = 0
      let size = 0
      let batch: string[] = []
      const count = async () => {
        await run(batch, signal, (pooling) => pooling.countInto(frequencies))
        counted += batch.length
        batch = []
        size = 0
      }
      for await (const text of texts) {
        signal?.throwIfAborted()
        if (typeof text !== 'string') invalid(`texts[${counted + batch.length}]`, 'a string', text)
        batch.push(text)
        size += text.length
        // A batch just over the stride makes `run` give the event loop a turn.
        if (size >= stride) await count()
      }
      await count()
      if (counted === 0) invalid('texts', 'at least one text', [])
      return { tokenizer: tokenizerId, texts: counted, frequencies: Array.from(frequencies) }
    },
    tokenDimensions: dimensions,
    async embedTokens(texts, options) {
      checkEmbedCall(texts, options)
      options.signal?.throwIfAborted()
      const rows: TokenVectors[] = []
      await run(texts, options.signal, (pooling) => rows.push(pooling.tokens(scales[options.role])))
      return rows
    },
    async embedSharedTokens(texts, options) {
      checkEmbedCall(texts, options)
      options.signal?.throwIfAborted()
      const shared = new Map<number, number>()
      const rows: Uint32Array[] = []
      await run(texts, options.signal, (pooling) =>
        rows.push(pooling.sharedRows(shared, scales[options.role])),
      )
      const vectors = new Float32Array(shared.size * dimensions)
      const bench = borrow()
      for (const [row, place] of shared) bench.pooling.unitRow(row, vectors, place * dimensions)
      idle.push(bench)
      return { vectors, texts: rows }
    },
  }
}
