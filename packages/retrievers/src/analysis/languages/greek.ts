import { stemmer } from '@orama/stemmers/greek'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  αλλα αν αντι απο αυτα αυτες αυτη αυτο αυτοι αυτος αυτου αυτων για δε δεν εαν ειμαι ειναι εκεινα εκεινη
  εκεινο εκεινος ενα ενας ενω επι εχει εχουν η ηταν θα ισως και κατα κι μα με μετα μη μην μια μπορει να ο
  οι ομως οπου οπως οσο οταν οτι ουτε παρα που πιο ποια ποιο ποιος πολυ προς πρεπει πως σαν σας σε στα στη
  στην στις στο στον στους συν τα την της τι τις το τον του τους των ως`)

/** As the stemmer does it: no accents (but the diaeresis, which keeps vowels apart), no final form of sigma. */
function prepare(word: string): string {
  return word
    .normalize('NFD')
    .replace(/\u0301/g, '')
    .normalize('NFC')
    .replaceAll('ς', 'σ')
}

const language: Language = {
  tag: 'el',
  stem: stemmer,
  stopWords: functionWords,
  prepare,
}

/** Greek: accents dropped, Snowball stems, function words left out. */
export function greekAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
