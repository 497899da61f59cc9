import { checkNumber } from '@tesserae/core'

/** Tokens a word of English takes with the vocabularies of current models, punctuation included. */
const TOKENS_PER_WORD = 1.33
/** Characters of English a token holds, the blank before it included. */
const CHARACTERS_PER_TOKEN = 5

/**
 * About how many tokens a number of words has, for sizes that were said in words: `recursiveChunker({ maxTokens:
 * tokensFromWords(300) })`. A rule of thumb for English; 0 stays 0, anything more is at least 1.
 *
 * @param tokensPerWord measured on texts of your own, for other languages. @default 1.33
 * @throws RagError `invalid-argument` for a negative number of words or a rate that is not above 0.
 */
export function tokensFromWords(words: number, tokensPerWord = TOKENS_PER_WORD): number {
  checkNumber('words', words, 0)
  checkNumber('tokensPerWord', tokensPerWord, Number.MIN_VALUE)
  return Math.ceil(words * tokensPerWord)
}

/**
 * About how many tokens a number of characters has, in the same way.
 *
 * @param charactersPerToken measured on texts of your own, for other languages. @default 5
 * @throws RagError `invalid-argument` for a negative number of characters or a rate that is not above 0.
 */
export function tokensFromCharacters(characters: number, charactersPerToken = CHARACTERS_PER_TOKEN): number {
  checkNumber('characters', characters, 0)
  checkNumber('charactersPerToken', charactersPerToken, Number.MIN_VALUE)
  return Math.ceil(characters / charactersPerToken)
}
