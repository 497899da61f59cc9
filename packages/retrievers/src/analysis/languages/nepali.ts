import { stemmer } from '@orama/stemmers/nepali'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  अथवा अनि अनुसार अब अर्को आफू आफै आफ्नो इन उक्त उन उनी उनको उनले उहाँ एउटा एक एवं कि किन किनभने कुन
  कुनै के को कोही गर्छ गर्न गर्ने गरी गरेको छ छन् छु जब जसले जसको जुन जो त तर तथा तिनी तिमी ती थियो
  थिए द्वारा न नै नि पछि पनि बाट भएको भन्ने भन्दा म मा मात्र मेरो यति यदि यस यसको यसले यहाँ यही या यी
  यो र लाई लागि ले वा सँग सबै सम्म साथै हामी हामीले हाम्रो हुन हुने हुन्छ हो`)

const language: Language = {
  tag: 'ne',
  stem: stemmer,
  stopWords: functionWords,
}

/** Nepali: Snowball stems, function words left out. */
export function nepaliAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
