import { stemmer } from '@orama/stemmers/tamil'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  அந்த அது அதை அதன் அல்லது அவர் அவர்கள் அவள் அவன் அவை ஆகிய ஆகும் ஆனால் இது இதை இதன் இந்த இவர் இவை
  இல்லை இருந்து இருக்கும் உள்ள உள்ளது என என்ற என்று என்ன எந்த எப்படி ஏன் எங்கு எனவே ஒரு கூட கொண்டு சில
  செய்து தான் நாம் நான் நீ நீங்கள் பற்றி பல பிறகு போன்ற மட்டும் மற்றும் மிக மீது முதல் மேலும் யார் வரை
  வேண்டும்`)

const language: Language = {
  tag: 'ta',
  stem: stemmer,
  stopWords: functionWords,
}

/** Tamil: Snowball stems, function words left out. */
export function tamilAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
