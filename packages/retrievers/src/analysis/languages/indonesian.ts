import { stemmer } from '@orama/stemmers/indonesian'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  ada adalah agar akan aku anda antara apa apabila apakah atas atau bagi bahwa banyak baru beberapa begitu
  belum berada bila bisa bukan dalam dan dapat dari daripada dengan di dia dua hal hanya harus hingga ia
  ialah ini itu jadi jika juga kami kamu karena kau ke kemudian kepada kita lagi lain lalu lebih maka
  masih mereka mungkin namun oleh pada para pernah pun saat saja sambil sampai sangat satu saya sebagai
  sebelum sebuah sedang sehingga sejak sekarang selama seorang seperti serta sesuatu setelah setiap suatu
  sudah tanpa telah tentang tersebut tetapi tidak untuk yaitu yakni yang`)

const language: Language = {
  tag: 'id',
  stem: stemmer,
  stopWords: functionWords,
}

/** Indonesian: Snowball stems, function words left out. */
export function indonesianAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
