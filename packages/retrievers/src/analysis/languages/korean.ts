import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'

const language: Language = { tag: 'ko', stem: (word) => word, stopWords: [], segmentation: 'pairs' }

/** Korean: overlapping pairs of syllables inside the written words, so that endings do not hide a stem. */
export function koreanAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
