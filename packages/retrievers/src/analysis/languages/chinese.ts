import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  的 了 和 是 在 就 都 而 及 与 與 着 著 或 也 还 還 把 被 让 讓 给 給 从 從 向 对 對 于 於 以 为 為 之 其 所 且 但 吗 嗎 呢 吧 啊 哪 么 麼 这 這 那`)

const language: Language = {
  tag: 'zh',
  stem: (word) => word,
  stopWords: functionWords,
  segmentation: 'pairs-and-characters',
}

/** Chinese: single characters and overlapping pairs of them, characters without meaning of their own left out. */
export function chineseAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
