import { type Analyzer, englishAnalyzer } from '@tesserae/retrievers'

/** The analyzer for a language of the judged sets. */
export function analyzerFor(language: string): Analyzer {
  if (language === 'en') return englishAnalyzer()
  throw new Error(`no analyzer is chosen here for "${language}"`)
}
