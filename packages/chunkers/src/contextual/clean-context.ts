import type { Tokenizer } from '@tesserae/core'
import { safeCutBefore, tokenRuler } from '@tesserae/core'
import { characterClasses } from '../internal/classes.js'
import { fineCutBefore } from '../internal/fine-cut.js'
import { scanCuts } from '../internal/scan.js'

/** More of an answer is never looked at. */
const LONGEST_ANSWER = 20_000
/**
 * Controls, marks that turn the direction of text, invisible characters, tag characters and lone surrogates.
 * The two joiners stay: emoji and several scripts are written with them.
 */
const INVISIBLE =
  /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu
const THINKING = /<think(?:ing)?>[\s\S]*?(?:<\/think(?:ing)?>|$)/gi
/** Answers that say nothing about the chunk. */
const REFUSAL =
  /^(?:i(?:['’]m| am) (?:very )?(?:sorry|unable|not able)|sorry[,.!]|i (?:can(?:no|['’])t|cannot|won['’]t)\b|as an? (?:ai|language model)\b|unfortunately, i\b)/i
const PAIRED_TAG = /^<([a-z][\w-]*)>([\s\S]*)<\/\1>$/i
const QUOTED = /^["“„«']([^"“”„«»]*)["”“»']$/

/**
 * An answer as one line of plain text: no control or invisible characters, no reasoning, no tags or quotation
 * marks around the whole. Empty when nothing is left, or when the model declined.
 */
export function cleanContext(answer: string): string {
  const start = answer.slice(0, LONGEST_ANSWER)
  let text = start
    .replace(THINKING, ' ')
    .replace(INVISIBLE, '')
    .replace(/[\s\u0085]+/g, ' ')
    .trim()
  text = (PAIRED_TAG.exec(text)?.[2] ?? text).trim()
  text = (QUOTED.exec(text)?.[1] ?? text).trim()
  return REFUSAL.test(text) ? '' : text
}

/** Tokens that a context costs in front of a chunk: its own and the line break behind it. */
export function contextTokens(tokenizer: Tokenizer, context: string): number {
  return context === '' ? 0 : tokenizer.ends(`${context}\n`).length
}

/**
 * As `fitContext`, and the context and `text` behind it, as they are embedded, have at most `maxTokens` tokens, if
 * given: joined they may have more than apart.
 */
export function fitBefore(
  tokenizer: Tokenizer,
  context: string,
  text: string,
  room: number,
  maxTokens = Number.POSITIVE_INFINITY,
): string {
  let left = room
  for (;;) {
    const fitting = fitContext(tokenizer, context, left)
    if (fitting === '' || maxTokens === Number.POSITIVE_INFINITY) return fitting
    const excess = tokenizer.ends(`${fitting}\n${text}`).length - maxTokens
    if (excess <= 0) return fitting
    left = Math.min(left - excess, contextTokens(tokenizer, fitting) - 1)
  }
}

/**
 * The beginning of `context` that costs at most `maxTokens`, ended at a sentence where one ends in the second
 * half, else at a word. Empty when nothing fits.
 */
export function fitContext(tokenizer: Tokenizer, context: string, maxTokens: number): string {
  if (maxTokens < 1 || context === '') return ''
  if (contextTokens(tokenizer, context) <= maxTokens) return context
  const classes = characterClasses()
  let reach = tokenRuler(tokenizer, context).endOfTokens(0, maxTokens)
  const cuts = scanCuts(context.slice(0, reach), { paragraph: 0, line: 0, sentence: 1 })
  const sentenceEnd = cuts.size > 0 ? cuts.ends[cuts.size - 1]! : 0
  let end = sentenceEnd * 2 > reach ? sentenceEnd : fineCutBefore(context, 0, reach, 'word', classes)
  for (;;) {
    const fitting = context.slice(0, end).trimEnd()
    if (contextTokens(tokenizer, fitting) <= maxTokens) return fitting
    // Cut off there, the line break, or the last word, is counted otherwise.
    reach = safeCutBefore(context, end - 1)
    if (reach <= 0) return ''
    end = fineCutBefore(context, 0, reach, 'word', classes)
  }
}
