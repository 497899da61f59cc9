import { stemmer } from '@orama/stemmers/dutch'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een eens en
  er ge geen geweest haar had heb hebben heeft hem het hier hij hoe hun iemand iets ik in is ja je kan kon
  kunnen maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat onder ons ook op over
  reeds te tegen toch toen tot u uit uw van veel voor want waren was wat we werd wezen wie wij wil worden
  wordt zal ze zelf zich zij zijn zo zonder zou`)

const language: Language = {
  tag: 'nl',
  stem: stemmer,
  stopWords: functionWords,
}

/** Dutch: Snowball stems (the Porter stemmer for Dutch), function words left out. */
export function dutchAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
