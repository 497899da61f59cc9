import { stemmer } from '@orama/stemmers/danish'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  ad af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din disse dit dog
  du efter eller en end er et for fra ham han hans har havde have hende hendes her hos hun hvad hvem
  hvilken hvis hvor hvordan hvornår i ikke ind jeg jer kan kunne man mange med meget men mig min mine mit
  mod når ned noget nogle nok nu og også om op os over på så selv sig sin sine sit skal skulle som til ud
  under var vi vil ville vor være været`)

const language: Language = {
  tag: 'da',
  stem: stemmer,
  stopWords: functionWords,
}

/** Danish: Snowball stems, function words left out. */
export function danishAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
