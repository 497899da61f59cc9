import type { Tokenizer } from '@tesserae/core'
import { characterClasses, isBlankClass } from '../internal/classes.js'
import type { Ruler } from '../internal/ruler.js'
import type { ChunkContext } from './chunk-context.js'

/** What chunks are measured in. */
export interface Measure {
  readonly text: string
  readonly ruler: Ruler
  readonly tokenizer: Tokenizer
  /** Hard cap of a chunk, `context` counted. */
  readonly maxTokens: number
}

/** Most code units from the start of a chunk to the word whose tokens no context can change. */
const LONGEST_HEAD = 256
/** A text alone rarely has more tokens than this above those it touches in its document. */
const USUAL_EXCESS = 16
/** The one character that goes with a line break before it: "(\n/" is a piece of o200k_base. */
const SLASH = 0x2f

/** Tokens that a span tells: those it touches in the document, or those of its text alone where they are more. */
export function spanTokens(ruler: Ruler, start: number, end: number): number {
  return Math.max(ruler.count(start, end), ruler.alone(start, end))
}

/**
 * True when the span most likely has at most `budget` tokens alone: for choices that the exact measure of the
 * chunk overrules. Looks at the text alone only where that may decide.
 */
export function likelyFits(ruler: Ruler, start: number, end: number, budget: number): boolean {
  const tokens = ruler.count(start, end)
  return tokens <= budget && (tokens + USUAL_EXCESS <= budget || ruler.alone(start, end) <= budget)
}

/** Tokens of the chunk as it is embedded, its text behind its context, of which `tokens` are those of the span. */
export function chunkTokens(
  measure: Measure,
  start: number,
  end: number,
  tokens: number,
  context: ChunkContext,
): number {
  if (context.text === '') return tokens
  return tokens + context.tokens + Math.max(0, seamTokens(measure, start, end, context))
}

/**
 * Tokens that the line break behind the context and the start of the text have more when joined than apart. None
 * where the text begins with neither a blank nor a slash: tokens that begin there have nothing to do with the line
 * before.
 */
function seamTokens({ text, tokenizer }: Measure, start: number, end: number, context: ChunkContext): number {
  const classes = characterClasses()
  if (text.charCodeAt(start) !== SLASH && !isBlankClass(classes[text.charCodeAt(start)]!)) return 0
  const limit = Math.min(end, start + LONGEST_HEAD)
  let stop = start + 1
  while (stop < limit && !isWordEnd(text, stop, classes)) stop++
  const head = text.slice(start, stop < limit ? stop : end)
  const joined = tokenizer.ends(`${context.text}\n${head}`).length
  return joined - context.tokens - tokenizer.ends(head).length
}

/** True between a word and a space behind it: no token reaches across. */
function isWordEnd(text: string, offset: number, classes: Uint8Array): boolean {
  return text.charCodeAt(offset) === 0x20 && !isBlankClass(classes[text.charCodeAt(offset - 1)]!)
}
