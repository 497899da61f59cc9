import { stemmer } from '@orama/stemmers/german'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist da dadurch daher
  damit dann das dass daß dein deine deinem deinen deiner dem den denn der deren des dessen die dies diese
  diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines er es euer eure für
  gegen gewesen hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren
  ihrer im in ins ist ja jede jedem jeden jeder jedes jener jenes kann kein keine keinem keinen keiner
  können man mein meine mich mir mit muss nach nicht noch nun nur ob oder ohne sehr sein seine seinem
  seinen seiner seit sich sie sind so solche soll sollte sondern sonst über um und uns unser unsere unter
  vom von vor wann war waren was weil welche welchem welchen welcher welches wenn wer werde werden wie
  wieder will wir wird wo wurde wurden zu zum zur zwischen`)

const language: Language = {
  tag: 'de',
  stem: stemmer,
  stopWords: functionWords,
}

/** German: Snowball stems, function words left out. Compounds are not taken apart. */
export function germanAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
