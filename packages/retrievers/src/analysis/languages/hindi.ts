import { stemmer } from '@orama/stemmers/indian'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  अपना अपनी अपने अब आदि आप इन इनका इनकी इनके इन्हें इस इसका इसकी इसके इसमें इसलिए इसी इसे उन उनका उनकी
  उनके उनको उन्हें उस उसका उसकी उसके उसने उसी उसे एक एवं ऐसा ऐसी ऐसे और कई कर करता करती करते करना करने
  कहा का काफी कि किया किस किसी की कुछ कुल के को कोई कौन क्या क्यों गई गए गया जब जहाँ जा जाता जाती जाते
  जाने जिस जिसे जिन जो तक तथा तब तो था थी थे दिया दो द्वारा न नहीं ना ने पर पहले फिर बहुत बाद बारे भी
  में मैं यदि यह यहाँ या ये रहा रही रहे लिए लेकिन व वह वहाँ वाला वाली वाले वे सकता सकती सकते सभी साथ
  से हम हर ही हुआ हुई हुए है हैं हो होता होती होते होना होने`)

/** The nasal signs are one to many writers, and the dot below marks sounds of loan words that many leave out. */
function prepare(word: string): string {
  return word.replaceAll('\u0901', '\u0902').replaceAll('\u093c', '')
}

const language: Language = {
  tag: 'hi',
  stem: stemmer,
  stopWords: functionWords,
  prepare,
}

/** Hindi: nasal signs unified and dots below dropped, Snowball stems, function words left out. */
export function hindiAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
