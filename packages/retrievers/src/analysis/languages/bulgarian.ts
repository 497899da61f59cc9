import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'
import { stemBulgarian } from './bulgarian-stemmer.js'

const functionWords = /* @__PURE__ */ words(`
  а ако ала без беше би бил била били било бъде бях в вас ваш ви вие все всеки всички във върху ги го
  да дали до докато друг е един една едно ето за заедно защо защото и из или им има их й как какво
  като кога когато което които кой който коя към ли между ме ми много мнозина му на над най нас наш не
  него нея ни ние никой но някой о обаче около от отново още по под пред при през с са само се сега си
  след сме според със също съм т тази така там те тези ти то това този той тук тя у че чрез ще я`)

const language: Language = {
  tag: 'bg',
  stem: stemBulgarian,
  stopWords: functionWords,
}

/** Bulgarian: articles and plural endings dropped, function words left out. */
export function bulgarianAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
