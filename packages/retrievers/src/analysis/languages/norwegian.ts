import { stemmer } from '@orama/stemmers/norwegian'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  alle at av bare ble blei bli blir både da de dem den denne der deres det dette di din disse dit ditt du
  eller en enn er et ett etter for fordi fra før ha hadde han hans har hennes her hun hva hvem hver
  hvilken hvis hvor hvordan hvorfor i ikke ingen inn jeg kan kom kunne man mange med meg meget mellom men
  mer min mitt mot må noe noen nå når og også om opp oss over på samme seg selv si sin sine sitt skal
  skulle slik som så til ut under var ved vi vil ville være vært vår`)

const language: Language = {
  tag: 'no',
  stem: stemmer,
  stopWords: functionWords,
}

/** Norwegian (Bokmål): Snowball stems, function words left out. */
export function norwegianAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
