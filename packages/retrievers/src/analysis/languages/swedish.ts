import { stemmer } from '@orama/stemmers/swedish'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  alla allt än är åt att av blev bli blir de dem den denna deras dess dessa det detta dig din dina dit
  ditt du efter ej eller en er era ert ett från för ha hade han hans här har hon honom hur i icke ingen
  inom inte jag ju kan kunde man med mellan men mig min mina mitt mot mycket när ni nu någon något några
  och om oss på så sådan samma sedan sig sin sina sitt skulle som till ut under upp vad var vara varför
  varje vars vem vi vid vilka vilken vilket`)

const language: Language = {
  tag: 'sv',
  stem: stemmer,
  stopWords: functionWords,
}

/** Swedish: Snowball stems, function words left out. */
export function swedishAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
