import { checkInteger, checkNumber, invalid } from './check.js'
import { termsOf } from './terms.js'

export interface ContextWindowOptions {
  /** Tokens of the context for the simplest question. */
  readonly minTokens: number
  /** Tokens of the context for the most complex one. */
  readonly maxTokens: number
  /** Hits asked for with the simplest question. @default 3 */
  readonly minHits?: number | undefined
  /** Hits asked for with the most complex one. @default 12 */
  readonly maxHits?: number | undefined
  /** How complex a question is, 0 to 1. @default queryComplexity */
  readonly complexityOf?: ((query: string) => number) | undefined
}

/** How much to find and to show for a question. */
export interface ContextWindow {
  /** 0 to 1. */
  readonly complexity: number
  /** For `retrieve`. */
  readonly limit: number
  /** For `assembleContext`. */
  readonly maxTokens: number
}

/** Longer questions are read up to here. Code units. */
const longestRead = 4000
/** Distinct words up to which a question is short, and so many more until it is as long as any. */
const [fewWords, moreWords] = [5, 20]
/** Things asked for beyond the first until there are as many as any. */
const moreParts = 3

/** What joins one thing asked for with the next. */
const joints = /[?;\n\u061f\u037e\uff1f\uff1b]+|,\s+|[，、]|\s(?:and|or|as well as)\s/iu
/** Who asks so wants to see several passages side by side, or the whole of something. */
const broad =
  /\b(?:compar\w*|contrast\w*|differ\w*|versus|vs|trade-?offs?|pros and cons|advantages?|why|how (?:do|does|did|is|are|has|have|would|should)|explain\w*|summar\w*|overview|analy[sz]\w*|evaluat\w*|relat\w+|impacts?|trends?|evol\w+|over time|all|every|each|list|entire|across)\b/iu

/**
 * How much a question asks for, 0 to 1: its length in distinct words (0.4), how many things it asks for, by question
 * marks, commas and "and" (0.3), and whether it asks to compare, explain, sum up or list (0.3). A rule of thumb without a
 * model: the shares were chosen, not learned, and the words of the last one are English; other languages have the rest.
 */
export function queryComplexity(query: string): number {
  if (typeof query !== 'string') invalid('query', 'a string', query)
  const text = query.slice(0, longestRead)
  const words = new Set(termsOf(text).map(({ term }) => term)).size
  const parts = text.split(joints).filter((part) => termsOf(part).length > 0).length
  const length = share(words - fewWords, moreWords)
  return 0.4 * length + 0.3 * share(parts - 1, moreParts) + (broad.test(text) ? 0.3 : 0)
}

/**
 * A context as large as the question needs: a fact is found in few passages, and more of them only distract from it; a
 * comparison needs many. Tokens and hits grow with the complexity, in a straight line from the least to the most.
 */
export function contextWindow(query: string, options: ContextWindowOptions): ContextWindow {
  const { complexityOf = queryComplexity } = options
  const minTokens = checkInteger('minTokens', options.minTokens)
  const maxTokens = checkInteger('maxTokens', options.maxTokens, minTokens)
  const minHits = checkInteger('minHits', options.minHits ?? 3)
  const maxHits = checkInteger('maxHits', options.maxHits ?? Math.max(12, minHits), minHits)
  const complexity = checkNumber('complexityOf(query)', complexityOf(query), 0, 1)
  const between = (least: number, most: number) => Math.round(least + complexity * (most - least))
  return { complexity, limit: between(minHits, maxHits), maxTokens: between(minTokens, maxTokens) }
}

function share(value: number, whole: number): number {
  return Math.min(1, Math.max(0, value / whole))
}
