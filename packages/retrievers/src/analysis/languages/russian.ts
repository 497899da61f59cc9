import { stemmer } from '@orama/stemmers/russian'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  а без более бы был была были было быть в вам вас весь во вот все всего всех вы где да даже для до его ее
  если есть еще же за здесь и из или им их к как какой когда который кто ли либо меня мне мы на над надо
  нас не него нее нет ни них но ну о об однако он она они оно от очень по под после при про с сам себе
  себя со так также такой там те тебя тем то того тоже той только том ты у уже хотя чего чей чем что чтобы
  эта эти это этого этой этом этот я`)

function prepare(word: string): string {
  return word.replaceAll('ё', 'е')
}

const language: Language = {
  tag: 'ru',
  stem: stemmer,
  stopWords: functionWords,
  prepare,
}

/** Russian: ё read as е, Snowball stems, function words left out. */
export function russianAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
