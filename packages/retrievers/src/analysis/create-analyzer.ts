import { invalid } from '@tesserae/core'
import type { Analyzer, TokenTerm } from './analyzer.js'
import { identifierTerms, isAcronym, isIdentifier } from './identifiers.js'
import { checkSegmentation, type Segmentation, segmentingTokenizer } from './segment.js'

/** What a language brings to an analyzer. All functions see lower-cased words in NFKC with straight apostrophes. */
export interface Language {
  /** BCP 47 tag. */
  readonly tag: string
  /** Counts the changes after which its terms no longer meet those of before; part of the analyzer's id. @default 1 */
  readonly revision?: number | undefined
  /** Reduces a word to its stem. */
  readonly stem: (word: string) => string
  /** Function words that say nothing about what a text is about. */
  readonly stopWords: readonly string[]
  /** Lower-cases, where the language does it its own way. @default String.prototype.toLowerCase */
  readonly lowerCase?: ((text: string) => string) | undefined
  /** Runs before stop words and stemming: drops elided articles, unifies letters. @default nothing */
  readonly prepare?: ((word: string) => string) | undefined
  /** How scripts without blanks, and Hangul, are cut. @default 'pairs' */
  readonly segmentation?: Segmentation | undefined
}

export interface AnalyzerOptions {
  /** Words that are left out; `[]` keeps all. @default the language's own list */
  readonly stopWords?: readonly string[] | undefined
  /** Reduces words to stems. @default true */
  readonly stem?: boolean | undefined
  /** Keeps identifiers whole beside their parts (`getUserById` also as `get`, `user`, `id`). @default true */
  readonly identifiers?: boolean | undefined
  /** Drops accents after stemming, so that `resume` finds `résumé`. @default false */
  readonly foldAccents?: boolean | undefined
  /** How scripts without blanks, and Hangul, are cut. @default the language's own way */
  readonly segmentation?: Segmentation | undefined
}

const invisible = /\u00ad|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]/g
const content = /[\p{L}\p{N}]/u
const ascii = /^[\x20-\x7e]*$/

/** Straight apostrophes, compatibility forms and digits unified, invisible characters dropped. */
function normalize(token: string): string {
  if (ascii.test(token)) return token
  return token
    .replace(invisible, '')
    .replaceAll('\u2019', "'")
    .normalize('NFKC')
    .replace(otherDigit, asciiDigit)
}

const otherDigit = /(?![0-9])\p{Nd}/gu

/** `٢٠٢٤` as `2024`. Unicode has the digits of a script in a row from zero. */
function asciiDigit(digit: string): string {
  let zero = digit.codePointAt(0)!
  const code = zero
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--
  return String((code - zero) % 10)
}

/** The dot that `İ` leaves above an `i` in lower case. */
function lower(text: string): string {
  return text.toLowerCase().replaceAll('i\u0307', 'i')
}

function withoutAccents(text: string): string {
  return ascii.test(text) ? text : text.normalize('NFD').replace(/\p{M}/gu, '').normalize('NFC')
}

/**
 * An analyzer of words, numbers and identifiers for one language.
 *
 * Words are cut by Unicode class, compatibility forms (NFKC) and digits unified, lower-cased, looked up in the stop
 * list and stemmed. Scripts without blanks, and Hangul, are cut as `segmentation` says. Identifiers give their whole and
 * their parts at the same place, so a document's length counts the parts only.
 */
export function createAnalyzer(language: Language, options: AnalyzerOptions = {}): Analyzer {
  const { stem: stems = true, identifiers = true, foldAccents = false } = options
  const stopList = options.stopWords ?? language.stopWords
  if (!Array.isArray(stopList) || stopList.some((word) => typeof word !== 'string'))
    invalid('stopWords', 'an array of strings', options.stopWords)
  const segmentation = checkSegmentation(options.segmentation ?? language.segmentation ?? 'pairs')
  const lowerCase = language.lowerCase ?? lower
  const prepare = language.prepare ?? ((word: string) => word)
  const stopWords = new Set(stopList.map((word) => prepare(lowerCase(normalize(word)))))

  const finish = (term: string): string => (foldAccents ? withoutAccents(term) : term)
  const fold = (text: string): string => finish(lowerCase(text))
  const word = (text: string): string | undefined => {
    const prepared = prepare(lowerCase(text))
    if (prepared === '' || stopWords.has(prepared)) return undefined
    const stem = stems ? language.stem(prepared) : prepared
    // A word that is nothing but an ending is its own stem.
    return finish(stem || prepared) || undefined
  }

  const one = (text: string | undefined): readonly TokenTerm[] =>
    text === undefined ? [] : [{ text, position: 0 }]

  return {
    id: analyzerId(language, options),
    tokenize: segmentingTokenizer(segmentation, language.tag),
    terms(token) {
      const normal = normalize(token)
      if (!content.test(normal)) return []
      if (isAcronym(normal)) return one(word(normal.replaceAll('.', '')))
      if (identifiers && isIdentifier(normal)) return identifierTerms(normal, fold, word)
      return one(word(normal))
    },
    normalize(token) {
      const normal = normalize(token)
      return finish(prepare(lowerCase(isAcronym(normal) ? normal.replaceAll('.', '') : normal)))
    },
  }
}

/** Spells out each option that differs from its default. */
function analyzerId(language: Language, options: AnalyzerOptions): string {
  const revision = language.revision === undefined ? '' : `.${language.revision}`
  const parts = [`words-2/${language.tag}${revision}`]
  if (options.stopWords !== undefined) parts.push(`stop=${[...options.stopWords].sort().join(',')}`)
  if (options.stem === false) parts.push('unstemmed')
  if (options.identifiers === false) parts.push('no-identifiers')
  if (options.foldAccents === true) parts.push('unaccented')
  if (options.segmentation !== undefined && options.segmentation !== (language.segmentation ?? 'pairs'))
    parts.push(options.segmentation)
  return parts.join('/')
}
