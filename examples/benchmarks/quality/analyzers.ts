import { type Analyzer, type AnalyzerOptions, englishAnalyzer, universalAnalyzer } from '@tesserae/retrievers'
import { arabicAnalyzer, germanAnalyzer } from '@tesserae/retrievers/languages'

const byLanguage: { readonly [tag: string]: (options?: AnalyzerOptions) => Analyzer } = {
  en: englishAnalyzer,
  de: germanAnalyzer,
  ar: arabicAnalyzer,
  zh: universalAnalyzer,
}

/** The analyzer for a language of the judged sets. */
export function analyzerFor(language: string, options?: AnalyzerOptions): Analyzer {
  const make = byLanguage[language]
  if (!make) throw new Error(`no analyzer is chosen here for "${language}"`)
  return make(options)
}
