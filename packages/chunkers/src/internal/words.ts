import type { Tokenizer } from '@tesserae/core'
import { characterClasses, DIGIT, isBlankClass, LETTER, UNSPACED } from './classes.js'

/**
 * Words as a word processor counts them: what stands between blanks, and each character of the scripts that
 * are written without blanks, with the punctuation behind it.
 */
export const wordTokenizer: Tokenizer = { id: 'words', ends: wordEnds }

function wordEnds(text: string): Uint32Array {
  const classes = characterClasses()
  const ends = new Uint32Array(text.length)
  let count = 0
  let isInside = false
  let isUnspaced = false
  for (let at = 0; at < text.length; at++) {
    const kind = classes[text.charCodeAt(at)]!
    if (isBlankClass(kind)) {
      if (isInside) ends[count++] = at
      isInside = false
      continue
    }
    const startsWord: boolean = kind === UNSPACED || (isUnspaced && kind >= LETTER && kind <= DIGIT)
    if (isInside && startsWord) ends[count++] = at
    isInside = true
    isUnspaced = kind === UNSPACED || (isUnspaced && !startsWord)
  }
  if (isInside) ends[count++] = text.length
  return ends.slice(0, count)
}
