import { batchBy } from './async/batch.js'
import { checkInteger, checkNumber } from './check.js'
import type { Metadata } from './document.js'
import { ModelError } from './errors.js'
import type { Excerpt } from './excerpt.js'
import { tell } from './observe.js'
import type { CallOptions } from './observer.js'
import { pieceTokenizer } from './piece-tokenizer.js'
import type { RelevanceModel } from './relevance-model.js'
import type { Hit } from './retriever.js'
import { sentenceSpans } from './sentences.js'
import type { Span } from './span.js'
import { rarity, type Term, termsOf } from './terms.js'
import type { Tokenizer } from './tokenizer.js'

export interface ExtractOptions extends CallOptions {
  /** Share of the tokens of all hits to keep, above 0 to 1. @default 0.5 */
  readonly keep?: number | undefined
  /**
   * Share of each hit's tokens that stays in any case, though it takes more than `keep`, 0 to 1; at least one sentence
   * of each hit stays unless this is 0. @default 0.1
   */
  readonly minShare?: number | undefined
  /** Sentences scored below this share of the best one's score go, though there is room, 0 to 1. @default 0 */
  readonly threshold?: number | undefined
  /** Sentences kept on each side of a chosen one. @default 0 */
  readonly neighbors?: number | undefined
  /** Scores sentences for the query. @default the words they share, rare ones more (BM25 over the sentences) */
  readonly model?: RelevanceModel | undefined
  /** @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /** Language of the sentences. @default the host's */
  readonly locale?: string | undefined
}

export interface Compressed {
  /** By chunk id, for `assembleContext`. */
  readonly excerpts: ReadonlyMap<string, Excerpt>
  readonly tokensBefore: number
  readonly tokensAfter: number
  /** tokensAfter / tokensBefore; 1 when there was nothing. */
  readonly ratio: number
}

interface Sentence extends Span {
  readonly hit: number
  readonly text: string
  readonly tokens: number
}

/**
 * Keeps the sentences of hits that bear on the query, as slices of the source: wording, facts and figures stay as
 * they were, and citations exact. No model is needed; one may score the sentences.
 *
 * @throws what the model throws
 */
export async function extractExcerpts<M extends Metadata = Metadata>(
  query: string,
  hits: readonly Hit<M>[],
  options: ExtractOptions = {},
): Promise<Compressed> {
  const { model, locale, signal, observer, tokenizer = pieceTokenizer() } = options
  const keep = checkNumber('keep', options.keep ?? 0.5, Number.MIN_VALUE, 1)
  const minShare = checkNumber('minShare', options.minShare ?? 0.1, 0, 1)
  const threshold = checkNumber('threshold', options.threshold ?? 0, 0, 1)
  const neighbors = checkInteger('neighbors', options.neighbors ?? 0, 0)
  signal?.throwIfAborted()

  const sentences: Sentence[] = []
  const firstOf: number[] = []
  for (const [hit, { chunk }] of hits.entries()) {
    firstOf.push(sentences.length)
    for (const { start, end } of sentenceSpans(chunk.text, locale)) {
      const text = chunk.text.slice(start, end)
      sentences.push({ hit, start, end, text, tokens: tokenizer.ends(text).length })
    }
    if (hit % 16 === 15) {
      await new Promise((resolve) => setTimeout(resolve, 0))
      signal?.throwIfAborted()
    }
  }
  firstOf.push(sentences.length)
  const tokensBefore = sentences.reduce((sum, { tokens }) => sum + tokens, 0)
  const scores =
    model === undefined
      ? lexicalScores(query, sentences)
      : await modelScores(model, query, sentences, { signal, observer })

  const order = sentences.map((_, place) => place).sort((a, b) => scores[b]! - scores[a]! || a - b)
  const kept = new Uint8Array(sentences.length)
  const keptOfHit = new Float64Array(hits.length)
  const tokensOfHit = new Float64Array(hits.length)
  for (const { hit, tokens } of sentences) tokensOfHit[hit] = tokensOfHit[hit]! + tokens
  let tokensAfter = 0
  /** Places that go with a chosen one. */
  const around = (place: number): [number, number] => {
    const { hit } = sentences[place]!
    return [Math.max(firstOf[hit]!, place - neighbors), Math.min(firstOf[hit + 1]! - 1, place + neighbors)]
  }
  const costOf = (place: number) => {
    const [from, to] = around(place)
    let cost = 0
    for (let one = from; one <= to; one++) if (kept[one] === 0) cost += sentences[one]!.tokens
    return cost
  }
  const take = (place: number) => {
    const { hit } = sentences[place]!
    const cost = costOf(place)
    const [from, to] = around(place)
    kept.fill(1, from, to + 1)
    keptOfHit[hit] = keptOfHit[hit]! + cost
    tokensAfter += cost
  }
  // First what each hit keeps in any case, then the best of what is left while there is room.
  for (const place of order) {
    const { hit } = sentences[place]!
    if (minShare > 0 && keptOfHit[hit]! < minShare * tokensOfHit[hit]!) take(place)
  }
  const [worst, best] = [scores[order.at(-1) ?? 0] ?? 0, scores[order[0] ?? 0] ?? 0]
  // Logits have no zero: their share is counted from the worst sentence.
  const floor = Math.min(0, worst) + threshold * (best - Math.min(0, worst))
  for (const place of order) {
    if (scores[place]! < floor) break
    if (kept[place] === 0 && tokensAfter + costOf(place) <= keep * tokensBefore) take(place)
  }

  const excerpts = new Map<string, Excerpt>()
  for (const [hit, { chunk }] of hits.entries()) {
    const spans: { start: number; end: number }[] = []
    for (let place = firstOf[hit]!; place < firstOf[hit + 1]!; place++) {
      if (kept[place] === 0) continue
      const { start, end } = sentences[place]!
      // Neighbours go together, with the blanks between them.
      if (place > firstOf[hit]! && kept[place - 1] === 1) spans.at(-1)!.end = chunk.start + end
      else spans.push({ start: chunk.start + start, end: chunk.start + end })
    }
    excerpts.set(chunk.id, { verbatim: true, spans })
  }
  const ratio = tokensBefore === 0 ? 1 : tokensAfter / tokensBefore
  tell(observer, {
    type: 'context.compressed',
    source: model?.id ?? 'extract',
    counts: { hits: hits.length, sentences: sentences.length, tokensBefore, tokensAfter },
  })
  return { excerpts, tokensBefore, tokensAfter, ratio }
}

/** BM25 of each sentence over all of them, k1 1.2, b 0.5: long sentences are not at fault for saying more. */
function lexicalScores(query: string, sentences: readonly Sentence[]): Float64Array {
  const terms = sentences.map(({ text }) => termsOf(text))
  const idf = rarity(terms)
  const asked = new Set(termsOf(query).map(({ term }) => term))
  const mean = terms.reduce((sum, { length }) => sum + length, 0) / Math.max(1, terms.length)
  return Float64Array.from(terms, (own) => bm25(own, asked, idf, mean))
}

function bm25(
  own: readonly Term[],
  asked: ReadonlySet<string>,
  idf: (term: string) => number,
  mean: number,
): number {
  const counts = new Map<string, number>()
  for (const { term } of own) if (asked.has(term)) counts.set(term, (counts.get(term) ?? 0) + 1)
  const norm = 1.2 * (0.5 + (0.5 * own.length) / Math.max(1, mean))
  let score = 0
  for (const [term, count] of counts) score += (idf(term) * count) / (count + norm)
  return score
}

async function modelScores(
  model: RelevanceModel,
  query: string,
  sentences: readonly Sentence[],
  call: CallOptions,
): Promise<Float64Array> {
  const scores = new Float64Array(sentences.length)
  let done = 0
  for (const batch of batchBy(sentences, { maxItems: model.maxBatchSize })) {
    const values = await model.score(
      query,
      batch.map(({ text }) => text),
      call,
    )
    call.signal?.throwIfAborted()
    for (let place = 0; place < batch.length; place++) {
      const score = values[place]
      if (score === undefined || !Number.isFinite(score)) {
        throw new ModelError(
          `Model "${model.id}" gave the score ${score} to a sentence. Scores must be finite numbers.`,
        )
      }
      scores[done++] = score
    }
  }
  return scores
}
