import { stemmer } from '@orama/stemmers/armenian'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  այդ այլ այն այս դու դուք եմ են ենք ես եք է էի էին էինք էիր էիք էր ըստ թե ի ին իսկ իր կամ համար հետ
  հետո մենք մեջ մի ն նա նաև նրա նրանք որ որը որոնք որպես ու ում պիտի վրա և չի չէ թեև երբ եթե ինչ ով
  որտեղ ինչպես ինչու`)

const language: Language = {
  tag: 'hy',
  stem: stemmer,
  stopWords: functionWords,
}

/** Armenian: Snowball stems, function words left out. */
export function armenianAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
