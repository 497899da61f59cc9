import { stemmer } from '@orama/stemmers/lithuanian'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  apie ar arba aš bei be bet bus būti buvo buvau čia dar dėl gal gali iki ir iš į ja jau jei jeigu jų
  ji jie jis jo jos juo kad kai kaip kas ką ko kodėl koks kuri kurie kuris kur labai man mano mes mūsų
  mus nei nes nėra ne nors nuo o pagal pas pat per po prie prieš save savo sau su ta tada tai taip
  taigi tam tas tie tik to todėl tu tuo už visi viskas yra`)

const language: Language = {
  tag: 'lt',
  stem: stemmer,
  stopWords: functionWords,
}

/** Lithuanian: Snowball stems, function words left out. */
export function lithuanianAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
