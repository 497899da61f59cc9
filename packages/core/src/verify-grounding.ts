import { notEnoughInformation } from './answer-prompt.js'
import { checkNumber, invalid } from './check.js'
import type { Citation } from './citations.js'
import { embedTexts } from './embed-texts.js'
import type { Embedder } from './embedder.js'
import type { CallOptions } from './observer.js'
import { termsOf } from './terms.js'
import { dot } from './vector/dot.js'
import { type AnswerSupport, answerSupport, type SupportOptions } from './verify-support.js'

export interface GroundingOptions extends SupportOptions {
  /** Answers supported less by their sources, as a whole, are not grounded, 0 to 1. @default 0.5, made for words; give one with `embedder` */
  readonly minGrounding?: number | undefined
  /** Answers less about the question are not relevant, 0 to 1. @default 0.5, made for words; give one with `embedder` */
  readonly minRelevance?: number | undefined
  /** Words of a question that say nothing of what it is about. @default English ones */
  readonly stopWords?: readonly string[] | undefined
}

export interface GroundingCheck {
  /** Whether the answer is grounded in its sources and about the question. An abstention is both. */
  readonly passed: boolean
  readonly reasons: readonly ('ungrounded' | 'irrelevant')[]
  /** How well the answer is supported by its sources, 0 to 1. */
  readonly grounding: number
  /**
   * How much of what the question is about the answer speaks of, 0 to 1: the share of the question's words that stand in
   * the answer or in the sentences that support it, or the cosine of the two if that is higher.
   */
  readonly relevance: number
  /** Words of the question that neither the answer nor its evidence has. */
  readonly missing: readonly string[]
  /** The answer says that the passages do not tell. */
  readonly abstained: boolean
  /** Sentence by sentence. */
  readonly support: AnswerSupport
}

const questionWords =
  'a an and any are as at be been by can could did do does for from had has have how i if in is it its me my of on or our shall should so some tell than that the their them there these they this those to us was we were what when where which who whom whose why will with would you your about much many please'.split(
    ' ',
  )

/**
 * Checks an answer in both ways it can go wrong: by what is not in its sources, and by what is, and was not asked. Works
 * on words, in process: it finds what was made up and what is beside the point, not a "not" that was lost, nor an answer
 * that says everything in other words (an `embedder` helps with those).
 */
export async function checkGrounding(
  question: string,
  answer: string,
  citations: readonly Citation[],
  options: GroundingOptions = {},
): Promise<GroundingCheck> {
  if (typeof question !== 'string') invalid('question', 'a string', question)
  const { embedder, minGrounding, minRelevance, stopWords = questionWords, signal, observer } = options
  if (embedder !== undefined) {
    for (const [name, value] of Object.entries({ minGrounding, minRelevance }))
      if (value === undefined)
        invalid(name, 'given together with `embedder`', value, 'Measure it on answers of your own.')
  }
  const leastGrounding = checkNumber('minGrounding', minGrounding ?? 0.5, 0, 1)
  const leastRelevance = checkNumber('minRelevance', minRelevance ?? 0.5, 0, 1)
  const support = await answerSupport(answer, citations, options)
  if (answer.trim() === notEnoughInformation) {
    return { passed: true, reasons: [], grounding: 1, relevance: 1, missing: [], abstained: true, support }
  }
  const { share, missing } = shareOfQuestion(question, saidBy(answer, support), stopWords)
  const cosine = await cosineOf(embedder, question, answer, { signal, observer })
  const relevance = answer.trim() === '' ? 0 : Math.min(1, Math.max(share, cosine))
  const reasons: GroundingCheck['reasons'][number][] = []
  if (support.support < leastGrounding) reasons.push('ungrounded')
  if (relevance < leastRelevance) reasons.push('irrelevant')
  const passed = reasons.length === 0
  return { passed, reasons, grounding: support.support, relevance, missing, abstained: false, support }
}

/** The answer, and the sentences that its supported sentences rest on: "two months [1]" is about what [1] is about. */
function saidBy(answer: string, { sentences }: AnswerSupport): string {
  const evidence = sentences.flatMap(({ supported, evidence }) => {
    if (!supported || evidence === undefined) return []
    const { citation, start, end } = evidence
    return [citation.headings.join('\n'), citation.text.slice(start - citation.start, end - citation.start)]
  })
  return [answer, ...evidence].join('\n')
}

function shareOfQuestion(
  question: string,
  said: string,
  stopWords: readonly string[],
): { readonly share: number; readonly missing: readonly string[] } {
  const termSet = (text: string) => new Set(termsOf(text).map(({ term }) => term))
  const ignored = termSet(stopWords.join('\n'))
  const asked = [...termSet(question)].filter((term) => !ignored.has(term))
  const there = termSet(said)
  const missing = asked.filter((term) => !there.has(term))
  // A question of nothing but such words is answered by anything that is grounded.
  return { share: asked.length === 0 ? 1 : 1 - missing.length / asked.length, missing }
}

async function cosineOf(
  embedder: Embedder | undefined,
  question: string,
  answer: string,
  call: CallOptions,
): Promise<number> {
  if (embedder === undefined || answer.trim() === '') return 0
  const embed = async (text: string, role: 'query' | 'document') => {
    const { results } = await embedTexts(embedder, [text], { ...call, role })
    const [result] = results
    if (result === undefined || result.type === 'failure') throw result?.error
    return result.vector
  }
  const asked = await embed(question, 'query')
  return dot(asked, 0, await embed(answer, 'document'), 0, embedder.dimensions)
}
