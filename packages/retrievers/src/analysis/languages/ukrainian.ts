import { stemmer } from '@orama/stemmers/ukrainian'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  а або адже але б без би був була були було бути в вам вас ваш вже ви від він вона вони воно все всі
  всього всіх де для до з за зі й його йому її їй їм їх і із інші інший є коли кожен кого котра котрий
  крім куди лише ми між мене мені моє моя мій на над нам нас наш не ним ні ніж них ну о об однак один
  одна одне он ось от перед під після по при про саме себе собі свій своє своя та так також там те
  тебе ти тим тих то тобі тоді того той тому ту тут у хоча хто це цей ця цю ці цього цих через чи чий
  чим чого чому що щоб щось як яка який яке які якого якщо`)

function prepare(word: string): string {
  return word.replaceAll('ґ', 'г')
}

const language: Language = {
  tag: 'uk',
  stem: stemmer,
  stopWords: functionWords,
  prepare,
}

/** Ukrainian: endings dropped, ґ read as г, function words left out. */
export function ukrainianAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
