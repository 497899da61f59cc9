import { notEnoughInformation } from './answer-prompt.js'
import { checkNumber, invalid } from './check.js'
import { type Citation, readCitations } from './citations.js'
import { embedTexts } from './embed-texts.js'
import type { Embedder } from './embedder.js'
import type { CallOptions } from './observer.js'
import { sentenceSpans } from './sentences.js'
import type { Span } from './span.js'
import { rarity, type Term, termsOf } from './terms.js'
import { dot } from './vector/dot.js'

export interface SupportOptions extends CallOptions {
  /** Sentences supported less are told as unsupported, 0 to 1. @default 0.5, made for words; give one with `embedder` */
  readonly threshold?: number | undefined
  /**
   * Compares meanings as well: a sentence is supported by its words or by the cosine with a sentence of the source,
   * whichever is higher. Cosines of different models mean different things. @default words alone
   */
  readonly embedder?: Embedder | undefined
  /**
   * Texts beside the passages that the answer may draw on: the system prompt, earlier turns. They support every sentence,
   * whatever it cites, and are never its `evidence`. @default none
   */
  readonly alsoFrom?: readonly string[] | undefined
  /** Language of the sentences. @default the host's */
  readonly locale?: string | undefined
}

export interface SentenceSupport extends Span {
  /** The sentence as it stands in the answer, with its markers. */
  readonly text: string
  readonly cited: readonly Citation[]
  /**
   * 0–1: how much of what the sentence says stands in the passages it cites, or in any when it cites none; words by
   * their rarity, times the share of its figures that are there. 1 when it says nothing that could be checked. Texts of
   * `alsoFrom` count beside those passages.
   */
  readonly support: number
  readonly supported: boolean
  /** The sentences of the source that support it best, unless a text of `alsoFrom` does; offsets are the document's. */
  readonly evidence?:
    | { readonly citation: Citation; readonly start: number; readonly end: number }
    | undefined
  /** Amounts, dates and numbers of the sentence that no passage it is checked against has. */
  readonly missingFigures: readonly string[]
  /** A passage that is not cited and supports it better, when those that are cited do not reach the threshold. */
  readonly betterIn?: Citation | undefined
}

export interface AnswerSupport {
  readonly sentences: readonly SentenceSupport[]
  /** Mean over sentences, each by its number of words; 1 for an answer that says nothing. */
  readonly support: number
  readonly unsupported: readonly SentenceSupport[]
}

interface Evidence extends Span {
  /** Undefined for a text that is no passage. */
  readonly citation: Citation | undefined
  readonly terms: ReadonlySet<string>
  /** Rows of its sentences among the embedded texts. */
  readonly rows: readonly number[]
}

/**
 * How well each sentence of an answer is supported by the passages it cites. Says whether the words and figures are
 * there, not whether they are put together truly: a "not" that was lost is not seen. It finds what was made up, not
 * every contradiction.
 */
export async function answerSupport(
  answer: string,
  citations: readonly Citation[],
  options: SupportOptions = {},
): Promise<AnswerSupport> {
  if (typeof answer !== 'string') invalid('answer', 'a string', answer)
  const { embedder, locale, signal, observer, alsoFrom = [] } = options
  if (!Array.isArray(alsoFrom) || alsoFrom.some((text) => typeof text !== 'string'))
    invalid('alsoFrom', 'a list of texts', alsoFrom)
  if (embedder !== undefined && options.threshold === undefined) {
    invalid(
      'threshold',
      'given together with `embedder`',
      options.threshold,
      'Measure it on answers of your own.',
    )
  }
  const threshold = checkNumber('threshold', options.threshold ?? 0.5, 0, 1)
  signal?.throwIfAborted()

  const { used, unknown } = readCitations(answer, citations)
  const markers = used
    .flatMap(({ citation, spans }) => spans.map((span) => ({ ...span, citation })))
    .sort((a, b) => a.start - b.start)
  const markerSpans = [...markers, ...unknown]
  const claims = claimsOf(answer, markerSpans, locale).map((span) => ({
    span,
    words: withoutMarkers(answer, span, markerSpans),
    cited: [
      ...new Set(
        markers
          .filter(({ start }) => start >= span.start && start < span.end)
          .map(({ citation }) => citation),
      ),
    ],
  }))
  const sources = [
    ...citations.flatMap((citation) => sentencesOf(citation.text, locale, citation)),
    ...alsoFrom.flatMap((text) => sentencesOf(text, locale)),
  ]
  signal?.throwIfAborted()
  const idf = rarity(sources.map(({ terms }) => terms))
  const windows = windowsOf(sources)
  const cosineOf = await cosines(
    embedder,
    claims.map(({ words }) => words),
    sources.map(({ text }) => text),
    { signal, observer },
  )

  const judgeClaim = ({ span, words, cited }: (typeof claims)[number], claim: number): SentenceSupport => {
    const text = answer.slice(span.start, span.end)
    const terms = termsOf(words)
    const base = { ...span, text, cited }
    // To say that the passages do not tell is no statement about what they say.
    if (terms.length === 0 || words.trim() === notEnoughInformation)
      return { ...base, support: 1, supported: true, missingFigures: [] }
    const judge = (among: readonly Evidence[]) => best(terms, among, idf, (row) => cosineOf(claim, row))
    const isOwn = ({ citation }: Evidence) =>
      cited.length === 0 || citation === undefined || cited.includes(citation)
    const own = windows.filter(isOwn)
    const { support, evidence, missingFigures } = judge(own)
    const supported = support >= threshold
    const others = supported ? [] : windows.filter((window) => !isOwn(window))
    const other = judge(others)
    const betterIn = other.support >= threshold ? other.evidence?.citation : undefined
    return {
      ...base,
      support,
      supported,
      ...(evidence?.citation !== undefined && {
        evidence: { citation: evidence.citation, start: evidence.start, end: evidence.end },
      }),
      missingFigures,
      ...(betterIn !== undefined && { betterIn }),
    }
  }
  const sentences: SentenceSupport[] = []
  for (const [claim, one] of claims.entries()) {
    sentences.push(judgeClaim(one, claim))
    if (claim % 32 !== 31) continue
    await new Promise((resolve) => setTimeout(resolve, 0))
    signal?.throwIfAborted()
  }
  let [mass, total] = [0, 0]
  for (const [claim, { support }] of sentences.entries()) {
    const weight = termsOf(claims[claim]!.words).length
    mass += weight
    total += weight * support
  }
  return {
    sentences,
    support: mass === 0 ? 1 : total / mass,
    unsupported: sentences.filter(({ supported }) => !supported),
  }
}

/**
 * Sentences of an answer, none over the end of a line: models do not break lines inside sentences. A marker behind a
 * full stop goes with the sentence in front, if that has none yet or nothing else follows.
 */
function claimsOf(answer: string, markers: readonly Span[], locale: string | undefined): Span[] {
  const claims: { start: number; end: number }[] = []
  const has = (span: Span) => markers.some(({ start }) => start >= span.start && start < span.end)
  for (const line of linesOf(answer)) {
    let first = true
    for (const sentence of sentenceSpans(answer.slice(line.start, line.end), locale)) {
      const [start, end] = [line.start + sentence.start, line.start + sentence.end]
      const last = claims.at(-1)
      let from = start
      for (;;) {
        const marker = markers.find((one) => one.start === from)
        if (marker === undefined || marker.end > end) break
        from = marker.end
        while (from < end && /[\s,;.]/.test(answer[from]!)) from += 1
      }
      const alone = from >= end
      if (last !== undefined && from > start && (alone || (!first && !has(last)))) {
        last.end = alone ? end : start + answer.slice(start, from).trimEnd().length
        if (!alone) claims.push({ start: from, end })
      } else claims.push({ start, end })
      first = false
    }
  }
  return claims
}

function linesOf(answer: string): Span[] {
  const lines: Span[] = []
  for (let start = 0; start <= answer.length; ) {
    const newline = answer.indexOf('\n', start)
    const end = newline < 0 ? answer.length : newline
    if (answer.slice(start, end).trim() !== '') lines.push({ start, end })
    start = end + 1
  }
  return lines
}

function withoutMarkers(answer: string, span: Span, markers: readonly Span[]): string {
  const inside = markers.filter(({ start }) => start >= span.start && start < span.end)
  let words = ''
  let at = span.start
  for (const { start, end } of inside.sort((a, b) => a.start - b.start)) {
    words += answer.slice(at, Math.max(at, start))
    at = Math.max(at, end)
  }
  words += answer.slice(at, Math.max(at, span.end))
  // The number of an item is no figure that a source could have.
  return words.replace(/^\s*\d{1,3}[.)]\s/, '')
}

interface Sentence extends Span {
  readonly citation: Citation | undefined
  readonly text: string
  readonly terms: readonly Term[]
  /** Whether it is the first of its source: none is in front of it. */
  readonly first: boolean
}

function sentencesOf(text: string, locale: string | undefined, citation?: Citation): Sentence[] {
  const offset = citation?.start ?? 0
  return sentenceSpans(text, locale).map(({ start, end }, place) => {
    const sentence = text.slice(start, end)
    const terms = termsOf(sentence)
    return { citation, start: offset + start, end: offset + end, text: sentence, terms, first: place === 0 }
  })
}

/**
 * Each sentence of the sources, and after these each with the one that follows: what an answer says at once may stand
 * in two.
 */
function windowsOf(sources: readonly Sentence[]): Evidence[] {
  const single = sources.map(
    ({ citation, start, end, terms }, row): Evidence => ({
      citation,
      start,
      end,
      terms: new Set(terms.map(({ term }) => term)),
      rows: [row],
    }),
  )
  const pairs = single.slice(1).flatMap((second, place): Evidence[] => {
    const first = single[place]!
    if (sources[place + 1]!.first) return []
    const terms = new Set([...first.terms, ...second.terms])
    return [{ ...first, end: second.end, terms, rows: [place, place + 1] }]
  })
  return [...single, ...pairs]
}

function best(
  terms: readonly Term[],
  among: readonly Evidence[],
  idf: (term: string) => number,
  cosine: (row: number) => number,
): { support: number; evidence: Evidence | undefined; missingFigures: readonly string[] } {
  const distinct = new Map(terms.map((one) => [one.term, one]))
  let whole = 0
  for (const term of distinct.keys()) whole += idf(term)
  const figures = [...distinct.values()].filter(({ figure }) => figure).map(({ term }) => term)
  const found = { support: 0, evidence: undefined as Evidence | undefined }
  for (const evidence of among) {
    let mass = 0
    for (const term of distinct.keys()) if (evidence.terms.has(term)) mass += idf(term)
    let score = mass / whole
    for (const row of evidence.rows) score = Math.max(score, cosine(row))
    const there = figures.filter((figure) => evidence.terms.has(figure)).length
    const support = Math.min(1, score) * (figures.length === 0 ? 1 : there / figures.length)
    // Of windows that support alike the first counts: single sentences come before pairs.
    if (support > found.support + 1e-12) Object.assign(found, { support, evidence })
  }
  const missingFigures = figures.filter((figure) => !among.some(({ terms }) => terms.has(figure)))
  return { ...found, missingFigures }
}

async function cosines(
  embedder: Embedder | undefined,
  claims: readonly string[],
  sources: readonly string[],
  call: CallOptions,
): Promise<(claim: number, row: number) => number> {
  if (embedder === undefined || claims.length === 0 || sources.length === 0) return () => 0
  const { dimensions } = embedder
  const { results } = await embedTexts(embedder, [...claims, ...sources], { ...call, role: 'document' })
  const vectors = results.map((result) => {
    if (result.type === 'failure') throw result.error
    return result.vector
  })
  return (claim, row) => dot(vectors[claim]!, 0, vectors[claims.length + row]!, 0, dimensions)
}
