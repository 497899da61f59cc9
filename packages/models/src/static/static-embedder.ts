import { type Embedder, type EmbedOptions, RagError, show } from '@tesserae/core'
import type { TokenEmbedder, TokenVectors } from '../late-interaction/token-embedder.js'
import { Scanner } from '../wordpiece/scanner.js'
import { sharedCharacters, tokenizerOf, type WordPieceTokenizer } from '../wordpiece/tokenizer.js'
import { Vocabulary } from '../wordpiece/vocabulary.js'
import { type ModelFile, readModelFile } from './model-file.js'
import { Pooling } from './pooling.js'
import { readSource, type StaticSource } from './source.js'

export interface StaticEmbedderOptions extends StaticSource {
  /** Ends the loading. */
  readonly signal?: AbortSignal | undefined
}

export interface StaticEmbedder extends Embedder, TokenEmbedder {
  /** The tokenizer of the model: counts tokens for chunkers at no further cost. */
  readonly tokenizer: WordPieceTokenizer
  /** Origin and licence of the table. */
  readonly notice: string
}

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

function checkCall(texts: readonly string[], options: EmbedOptions): void {
  if (!Array.isArray(texts))
    throw new RagError('invalid-argument', `\`texts\` must be an array of strings, got ${show(texts)}.`)
  for (let i = 0; i < texts.length; i++) {
    if (typeof texts[i] !== 'string')
      throw new RagError('invalid-argument', `\`texts[${i}]\` must be a string, got ${show(texts[i])}.`, {
        details: { index: i },
      })
  }
  const role: unknown = options?.role
  if (role !== 'query' && role !== 'document')
    throw new RagError('invalid-argument', `\`role\` must be "query" or "document", got ${show(role)}.`)
}

/**
 * The embedder in the box: token vectors distilled from a sentence transformer, no download and no key.
 * A text's vector is the normalised sum of its tokens' vectors, so word order does not count; use it as a
 * second leg beside BM25. Queries and documents are treated alike.
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
  const { signal } = options
  signal?.throwIfAborted()
  const source = await readSource(options, signal)
  signal?.throwIfAborted()
  return embedderOf(readModelFile(source.bytes, source.name))
}

function embedderOf(file: ModelFile): StaticEmbedder {
  const { dimensions } = file
  const id = `tesserae-static-en-${dimensions}@${file.hash}`
  const vocabulary = new Vocabulary(file.vocabulary)
  const idle: Workbench[] = []
  const borrow = (): Workbench =>
    idle.pop() ?? {
      scanner: new Scanner(vocabulary, sharedCharacters()),
      pooling: new Pooling(file.rows, file.scales, dimensions),
    }
  const tokenizerScanner = new Scanner(vocabulary, sharedCharacters())
  const fallback = new Float32Array(dimensions)
  const bench = borrow()
  bench.pooling.add(Int32Array.of(tokenizerScanner.unknown), 1)
  // A table whose unknown token is zero has no direction to offer: any fixed unit vector will do.
  if (!bench.pooling.finish(fallback, 0)) fallback[0] = 1
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
    tokenizer: tokenizerOf(`wordpiece@${file.hash}`, tokenizerScanner, file.vocabularySize, file.ids),
    async embed(texts, options) {
      checkCall(texts, options)
      options.signal?.throwIfAborted()
      const started = performance.now()
      const out = new Float32Array(texts.length * dimensions)
      const tokens = await run(texts, options.signal, (pooling, place) => {
        if (!pooling.finish(out, place * dimensions)) out.set(fallback, place * dimensions)
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
    tokenDimensions: dimensions,
    async embedTokens(texts, options) {
      checkCall(texts, options)
      options.signal?.throwIfAborted()
      const rows: TokenVectors[] = []
      await run(texts, options.signal, (pooling) => rows.push(pooling.tokens()))
      return rows
    },
  }
}
