import { stemmer } from '@orama/stemmers/turkish'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  acaba ama ancak artık aslında az bana bazı belki ben beni benim beri bile bir biri birkaç birçok biz
  bize bizim bu buna bunda bundan bunlar bunları bunu bunun burada çok çünkü da daha de defa değil diğer
  diye en gibi göre hâlâ hangi hatta hem henüz hep hepsi her herhangi hiç için ile ise işte kadar karşı
  kendi kez ki kim kimse mı mi mu mü nasıl ne neden nerede niçin o olan olarak oldu olduğu on ona ondan
  onlar onları onu onun oysa öyle pek rağmen sadece sanki sen siz sonra şey şu tüm üzere var ve veya ya
  yani yapılan yine yok zaten`)

/** `Türkiye'de`: endings stand after an apostrophe on proper names. */
function prepare(word: string): string {
  const apostrophe = word.indexOf("'")
  return apostrophe > 0 ? word.slice(0, apostrophe) : word
}

function lowerCase(text: string): string {
  return text.replaceAll('İ', 'i').replaceAll('I', 'ı').toLowerCase()
}

const language: Language = {
  tag: 'tr',
  stem: stemmer,
  stopWords: functionWords,
  prepare,
  lowerCase,
}

/** Turkish: dotted and dotless i kept apart, endings after an apostrophe dropped, Snowball stems, function words left out. */
export function turkishAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
