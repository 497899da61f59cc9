import { stemmer } from '@orama/stemmers/portuguese'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  a à ainda ao aos aquela aquelas aquele aqueles aquilo as às até com como da das de dela delas dele deles
  depois do dos e é ela elas ele eles em então entre era eram essa essas esse esses esta está estão estas
  este estes estou eu foi foram há isso isto já lhe lhes mais mas me mesmo meu meus minha minhas muito na
  não nas nem no nos nós nossa nossas nosso nossos num numa o os ou outra outro para pela pelas pelo pelos
  por porque qual quais quando que quem se sem ser será seu seus só sob sobre são sua suas também te tem
  têm tenho ter teu tua tudo um uma umas uns você vocês`)

const language: Language = {
  tag: 'pt',
  stem: stemmer,
  stopWords: functionWords,
}

/** Portuguese: Snowball stems, function words left out. */
export function portugueseAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
