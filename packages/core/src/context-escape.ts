import { escapeTagNames } from './prompt-data.js'

/** Digits of any script: a model may well write them as ASCII ones. */
const digit = /\p{Nd}/u
const openers = '[［【〔'
const closers = ']］】〕'
/** What may stand between the numbers: separators, dashes, blanks and characters that are not seen. */
const between = /[\s,;\-\u2010-\u2015\u2212\u00ad\u200b-\u200f\u2060\ufeff，；、]/

/**
 * Makes retrieved text unable to pass for a citation: brackets around nothing but numbers get backslashes,
 * `[7]` becomes `\[7\]`, which Markdown shows as it was and `readCitations` does not read. Look-alike brackets
 * and digits count too, and an opening bracket with numbers at the very end, which what follows could close.
 */
export function escapeMarkers(text: string): string {
  let escaped = ''
  let copied = 0
  for (let start = 0; start < text.length; start++) {
    if (!openers.includes(text[start]!)) continue
    let at = start + 1
    let digits = 0
    for (; at < text.length; at++) {
      const char = text[at]!
      const pair = char.codePointAt(0)! >= 0xd800 ? String.fromCodePoint(text.codePointAt(at)!) : char
      if (digit.test(pair)) {
        digits += 1
        at += pair.length - 1
      } else if (!between.test(char)) break
    }
    if (at < text.length && !closers.includes(text[at]!)) {
      // Nothing up to `at` is an opening bracket, so nothing is scanned twice.
      start = at - 1
      continue
    }
    if (digits === 0) continue
    escaped += `${text.slice(copied, start)}\\${text.slice(start, at)}${at < text.length ? '\\' : ''}`
    copied = at
    start = at
  }
  return copied === 0 ? text : escaped + text.slice(copied)
}

/** `<passage` and `</passage`, however spaced and written, can no longer open or close anything. */
export function escapeTags(text: string): string {
  return escapeTagNames(text, ['passage'])
}

/** For one line of the context that is made of a document's own words, such as its headings. */
export function oneLine(text: string): string {
  return text.replace(/[\s\u0000-\u001f\u2028\u2029]+/g, ' ').trim()
}
