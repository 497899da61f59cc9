import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  の に は を た が で て と し れ さ も な へ や か ら り よ ね わ だ です ます`)

const language: Language = {
  tag: 'ja',
  stem: (word) => word,
  stopWords: functionWords,
  segmentation: 'pairs-and-characters',
}

/** Japanese: single characters and overlapping pairs of them, particles left out. */
export function japaneseAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
