import type { RateLimiter } from './async/limiter.js'
import { mapConcurrent } from './async/map-concurrent.js'
import { callLanguageModel, type ModelCallOptions } from './call-language-model.js'
import { checkInteger, invalid } from './check.js'
import type { Chunk } from './chunk.js'
import type { Metadata } from './document.js'
import { isRagError, ModelError, RagError } from './errors.js'
import type { GenerateRequest, LanguageModel } from './language-model.js'
import { mapPrompt, NOTHING, reducePrompt } from './map-reduce-prompts.js'
import { tell } from './observe.js'
import { pieceTokenizer } from './piece-tokenizer.js'
import type { Tokenizer } from './tokenizer.js'

export interface MapReduceOptions<M extends Metadata = Metadata> extends ModelCallOptions {
  readonly model: LanguageModel
  /** What to find out from the chunks, in the words of a user: "List the duties of the tenant." */
  readonly instruction: string
  /** Calls running at once. @default 4 */
  readonly concurrency?: number | undefined
  /** Most tokens of a request, its wording counted; a chunk over it fails without a call. @default 8_000 */
  readonly maxRequestTokens?: number | undefined
  /** The tokenizer of the model. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /** Most tokens of an answer. @default 1_000 */
  readonly maxAnswerTokens?: number | undefined
  /** Quota that each call asks first. @default none */
  readonly limiter?: RateLimiter | undefined
  /** The request for one chunk. An empty answer says that the chunk has nothing. @default a prompt from `instruction` */
  readonly map?: ((chunk: Chunk<M>) => GenerateRequest) | undefined
  /** The request that makes one answer of several, in the order of the chunks. @default a prompt from `instruction` */
  readonly reduce?: ((answers: readonly NumberedAnswer[]) => GenerateRequest) | undefined
  /** Told after each chunk. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined
}

/** An answer and the chunks it stands on: `numbers` are places in the list of chunks, from 1. */
export interface NumberedAnswer {
  readonly numbers: readonly number[]
  readonly text: string
}

export interface MapReducePart {
  readonly chunkId: string
  /** The chunk's place in the list, from 1: what `[3]` stands for in the answer. */
  readonly number: number
  readonly text: string
}

export interface MapReduceFailure {
  readonly stage: 'map' | 'reduce'
  readonly chunkIds: readonly string[]
  readonly error: RagError
}

export interface MapReduceResult {
  /** The answer over all parts; undefined when no chunk had one, or when joining them failed. */
  readonly text: string | undefined
  /** What single chunks had to say, in their order; those that had nothing are left out. */
  readonly parts: readonly MapReducePart[]
  readonly failures: readonly MapReduceFailure[]
  /** Requests sent, retries not counted. */
  readonly calls: number
  /** As far as the model tells. */
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number }
}

/**
 * Reads more chunks than fit into one prompt: asks the model about each by itself (map), then has it join the
 * answers, as many at a time as `maxRequestTokens` allows, until one is left (reduce). The default prompts have it
 * remove what is said twice, keep both sides of a contradiction and say so, and name chunks by number, `[3]`.
 * Chunks come with their `context`, headings and page. A chunk that fails is a failure in the result and stops
 * nothing; if answers cannot be joined, `text` is undefined and `parts` still has them all.
 *
 * Rejects with `invalid-argument` for an option out of range, and with the reason of an aborted signal.
 */
export async function mapReduce<M extends Metadata = Metadata>(
  chunks: readonly Chunk<M>[],
  options: MapReduceOptions<M>,
): Promise<MapReduceResult> {
  const run = new Run<M>(options)
  options.signal?.throwIfAborted()
  const parts = await run.mapAll(chunks)
  const text = await run.reduceAll(parts, chunks)
  const { calls, failures, usage } = run
  tell(options.observer, {
    type: 'map-reduce',
    source: options.model.id,
    counts: { chunks: chunks.length, parts: parts.length, calls, failures: failures.length, ...usage },
  })
  return { text, parts, failures, calls, usage }
}

class Run<M extends Metadata> {
  readonly failures: MapReduceFailure[] = []
  readonly usage = { inputTokens: 0, outputTokens: 0 }
  calls = 0
  private readonly options: MapReduceOptions<M>
  private readonly concurrency: number
  private readonly maxRequestTokens: number
  private readonly maxAnswerTokens: number
  private readonly tokenizer: Tokenizer

  constructor(options: MapReduceOptions<M>) {
    if (typeof options.model?.generate !== 'function') invalid('model', 'a LanguageModel', options.model)
    if (typeof options.instruction !== 'string' || options.instruction.trim() === '')
      invalid('instruction', 'a text that is not blank', options.instruction)
    this.options = options
    this.concurrency = checkInteger('concurrency', options.concurrency ?? 4)
    this.maxRequestTokens = checkInteger('maxRequestTokens', options.maxRequestTokens ?? 8000)
    this.maxAnswerTokens = checkInteger('maxAnswerTokens', options.maxAnswerTokens ?? 1000)
    this.tokenizer = options.tokenizer ?? pieceTokenizer()
  }

  async mapAll(chunks: readonly Chunk<M>[]): Promise<MapReducePart[]> {
    const { instruction, map, onProgress } = this.options
    const parts: MapReducePart[] = []
    const one = async (chunk: Chunk<M>, place: number, signal: AbortSignal) => {
      const request = map?.(chunk) ?? mapPrompt(instruction, chunk, this.maxAnswerTokens)
      const text = (await this.ask('map', request, [chunk.id], signal)) ?? ''
      const hasNothing = text === '' || (map === undefined && NOTHING.test(text))
      return hasNothing ? undefined : { chunkId: chunk.id, number: place + 1, text }
    }
    let done = 0
    for await (const part of mapConcurrent(chunks, one, this.window())) {
      if (part !== undefined) parts.push(part)
      done += 1
      onProgress?.({ done, total: chunks.length })
    }
    return parts
  }

  async reduceAll(parts: readonly MapReducePart[], chunks: readonly Chunk<M>[]): Promise<string | undefined> {
    let level: readonly NumberedAnswer[] = parts.map(({ number, text }) => ({ numbers: [number], text }))
    while (level.length > 1) {
      const joined: NumberedAnswer[] = []
      const one = async (group: readonly NumberedAnswer[], _place: number, signal: AbortSignal) => {
        if (group.length === 1) return group[0]
        const numbers = group.flatMap((answer) => answer.numbers)
        const ids = numbers.map((number) => chunks[number - 1]!.id)
        const text = await this.ask('reduce', this.reduceRequest(group), ids, signal)
        return text === undefined ? undefined : { numbers, text }
      }
      for await (const answer of mapConcurrent(this.groups(level), one, this.window())) {
        if (answer !== undefined) joined.push(answer)
      }
      // An answer over some of the parts would be taken for one over all.
      if (this.failures.some(({ stage }) => stage === 'reduce')) return undefined
      level = joined
    }
    return level[0]?.text
  }

  /** Neighbours together, as many as fit; two at least, since a level must be shorter than the one before. */
  private groups(level: readonly NumberedAnswer[]): NumberedAnswer[][] {
    const groups: NumberedAnswer[][] = []
    let group: NumberedAnswer[] = []
    for (const answer of level) {
      const larger = [...group, answer]
      const fits = larger.length <= 2 || this.tokensOf(this.reduceRequest(larger)) <= this.maxRequestTokens
      if (!fits) groups.push(group)
      group = fits ? larger : [answer]
    }
    groups.push(group)
    return groups
  }

  private reduceRequest(answers: readonly NumberedAnswer[]): GenerateRequest {
    const { instruction, reduce } = this.options
    return reduce?.(answers) ?? reducePrompt(instruction, answers, this.maxAnswerTokens)
  }

  /** The model's answer without the blanks around it; undefined, with the failure noted, where there is none. */
  private async ask(
    stage: MapReduceFailure['stage'],
    request: GenerateRequest,
    chunkIds: readonly string[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { limiter, model, observer, retry, timeoutMs } = this.options
    try {
      const tokens = this.tokensOf(request)
      if (tokens > this.maxRequestTokens) throw oversize(stage, tokens, this.maxRequestTokens)
      await limiter?.acquire(tokens, { signal })
      this.calls += 1
      const answer = await callLanguageModel(model, request, { observer, retry, signal, timeoutMs })
      this.usage.inputTokens += answer.usage?.inputTokens ?? 0
      this.usage.outputTokens += answer.usage?.outputTokens ?? 0
      if (answer.finishReason === 'filtered' || answer.finishReason === 'length') {
        const told = answer.finishReason === 'filtered' ? 'filtered' : 'cut off; raise `maxAnswerTokens`'
        throw new ModelError(`The answer of the language model "${model.id}" was ${told}.`)
      }
      const text = answer.text.trim()
      if (stage === 'reduce' && text === '')
        throw new ModelError(`The language model "${model.id}" joined answers to nothing.`)
      return text
    } catch (error) {
      if (signal.aborted || !isRagError(error)) throw error
      this.failures.push({ stage, chunkIds, error })
      return undefined
    }
  }

  private window() {
    return { concurrency: this.concurrency, signal: this.options.signal }
  }

  private tokensOf(request: GenerateRequest): number {
    const texts = [request.system ?? '', ...request.messages.map(({ content }) => content)]
    return texts.reduce((sum, text) => sum + this.tokenizer.ends(text).length, 0)
  }
}

function oversize(stage: MapReduceFailure['stage'], tokens: number, limit: number): RagError {
  const remedy =
    stage === 'map' ? 'Make smaller chunks' : 'Lower `maxAnswerTokens`, so that two answers fit together'
  return new RagError(
    'invalid-argument',
    `A ${stage} request of ${tokens} tokens is over \`maxRequestTokens\`, ${limit}. ${remedy}, or raise the limit ` +
      'if the model takes more.',
    { details: { tokens, limit } },
  )
}
