import { stemmer } from '@orama/stemmers/irish'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  a ach ag agus aige aici an ann anois ar arna as atá b ba bhí bhfuil cad cén cé chuig d dá dár de do
  don dtí dó faoi faoin féin fuair gach gan go gur h í iad idir in ina is le lei leis m má mar mé mo
  muid n na nach ná ní níl níor nó ó ón os roimh sa san sé sí siad sin seo sna sula t tá tar thar thú
  trí tríd tú um`)

const language: Language = {
  tag: 'ga',
  stem: stemmer,
  stopWords: functionWords,
}

/** Irish: initial mutations undone, Snowball stems, function words left out. */
export function irishAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
