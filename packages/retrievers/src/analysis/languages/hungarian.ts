import { stemmer } from '@orama/stemmers/hungarian'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  a abban ahhoz ahogy ahol aki akik akkor ám általában amely amelyek ami amikor annak arra át az azért
  azok azon azonban azt aztán azzal be belőle bár csak de e ebben egy egyes egyik egyéb el elég ellen elő
  először előtt én és ez ezek ezen ezért ezt ezzel fel felé ha hanem hogy hogyan ide igen így ilyen is itt
  jó ki kívül le lehet legyen lenne lesz lett maga már más meg még mellett melyek mert mi mikor mint mit
  mivel most nagyon ne néha neki nem nincs ő ők őket olyan ott pedig persze rá s sem sok számára szemben
  szerint szinte talán te tehát több tovább úgy ugyanis új után utolsó vagy vagyok valaki valami van
  vannak volna volt voltak`)

const language: Language = {
  tag: 'hu',
  stem: stemmer,
  stopWords: functionWords,
}

/** Hungarian: Snowball stems, function words left out. */
export function hungarianAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
