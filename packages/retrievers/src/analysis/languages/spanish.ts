import { stemmer } from '@orama/stemmers/spanish'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  a al algo algunas algunos ante antes aquel aquella aquellos así aún aunque bajo bien cada como cómo con
  contra cual cuál cuales cuando cuándo de del desde donde dónde dos durante e el él ella ellas ellos en
  entre era eran eres es esa esas ese eso esos esta está están estas este esto estos fue fueron ha había
  habían han hasta hay la las le les lo los más me mi mis mientras muy nada ni no nos nosotros nuestra
  nuestro o os otra otras otro otros para pero poco por porque que qué quien quién quienes se sea ser si
  sí sido sin sobre son su sus también tan tanto te tiene tienen todo todos tu tú tus un una unas uno unos
  y ya yo`)

const language: Language = {
  tag: 'es',
  stem: stemmer,
  stopWords: functionWords,
}

/** Spanish: Snowball stems, function words left out. */
export function spanishAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
