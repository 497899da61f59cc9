import { stemmer } from '@orama/stemmers/serbian'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  a ako ali bez bi bih bila bili bilo bio biti bude da dok do druge ga gde i ih ili im iz ja je jedan
  jedna jedno jer još ju kada kako kao koja koje koji kojih kojim koju ko kroz li me mene meni mi
  mnogo moj može na nad nakon nam nas naš ne nego neki ni nije nisu njega njegov njen njih njihov no o
  od on ona oni ono ova ovaj ove ovo pa po pod pored posle pre pri prema s sa sam samo se sebe si smo
  ste su sva sve svi svoj svoje šta što ta tada taj tako te ti to toga tu u uz va vam vas vaš vi za
  zato što će ću zbog`)

/** The letters of both alphabets correspond; three of the Cyrillic ones are two Latin ones. */
const latin: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ words(`
    аa бb вv гg дd ђđ еe жž зz иi јj кk лl љlj мm нn њnj оo пp рr сs тt ћć уu фf хh цc чč џdž шš`).map(
    (pair): [string, string] => [pair[0]!, pair.slice(1)],
  ),
)

function prepare(word: string): string {
  return word.replace(/[\u0430-\u045f]/g, (letter) => latin.get(letter) ?? letter)
}

const language: Language = {
  tag: 'sr',
  stem: stemmer,
  stopWords: functionWords,
  prepare,
}

/** Serbian: both alphabets read as one, Snowball stems, function words left out. */
export function serbianAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
