import { stemmer } from '@orama/stemmers/romanian'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  a acea aceasta această aceea acei aceia acel acela acele acelea acest acesta aceste acestea aceşti
  aceştia ai al ale alt alta altă am ar are aş aşa asupra atât aţi atunci au avea avem aveţi azi ca că
  care cărui căror ce cea cei cel cele celor chiar cine cînd când cu cum da dacă dar de deci deja deşi din
  dintre după ea ei el ele era este eu fără fi fie fiecare fost iar îi îl îmi în înainte încât îşi într
  între la le li lor lui mai mea mei mele meu mi mult multe mulţi ne nici nişte noi nostru nu o ori pe
  pentru peste prin sa să sale sau se şi sînt sunt spre sub sunteţi suntem tot toţi tu un una unde unei
  unor unui vă voi`)

/** The letters with a comma below are written as the older ones with a cedilla, which the stemmer knows. */
function prepare(word: string): string {
  return word.replaceAll('ș', 'ş').replaceAll('ț', 'ţ')
}

const language: Language = {
  tag: 'ro',
  stem: stemmer,
  stopWords: functionWords,
  prepare,
}

/** Romanian: both ways of writing ș and ț read alike, Snowball stems, function words left out. */
export function romanianAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
