import { stemmer } from '@orama/stemmers/arabic'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  من في على الى عن ان هذا هذه ذلك تلك التي الذي الذين ما لا لم لن قد كان كانت يكون هو هي هم هن هنا هناك
  نحن انا انت او ثم و اذا كل بعض بعد قبل بين حتى لكن لان كما مع عند منذ خلال اي ايضا غير ليس لقد فقد به
  بها له لها فيه فيها منه منها عليه عليها اليه اليها وهو وهي وقد كيف متى اين ماذا لماذا هل`)

/** Vowel signs, the dagger alef and the stretching bar. */
const signs = /[\u064b-\u0652\u0670\u0640]/g
const alef = /[\u0622\u0623\u0625\u0671]/g

function prepare(word: string): string {
  return word
    .replace(signs, '')
    .replace(alef, '\u0627')
    .replaceAll('\u06a9', '\u0643')
    .replaceAll('\u06cc', '\u064a')
}

/** "And" or "so" written before the article: Snowball takes the two apart only where no article follows. */
const andThe = /^[\u0648\u0641](?=\u0627\u0644..)/

const language: Language = {
  tag: 'ar',
  revision: 2,
  // Writers differ over the dots of a final ya. Not before the function words: with dots, one of them is a name.
  stem: (word) => stemmer(word.replaceAll('\u0649', '\u064a').replace(andThe, '')),
  stopWords: functionWords,
  prepare,
}

/**
 * Arabic: vowel signs and stretching dropped, forms of alef, ya and kaf unified, Snowball stems, also behind an "and" before the article,
 * function words left out.
 */
export function arabicAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
