import type { Analyzer } from './analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from './create-analyzer.js'

const language: Language = { tag: 'und', stem: (word) => word, stopWords: [] }

/**
 * For any language, or several at once: words as they are, no stop words, no stems. Chinese, Japanese, Korean,
 * Thai, Lao, Khmer and Burmese are indexed by pairs of characters, here as in every analyzer of this package.
 */
export function universalAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
