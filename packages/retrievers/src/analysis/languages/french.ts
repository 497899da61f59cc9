import { stemmer } from '@orama/stemmers/french'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  a à ai alors au aucun aussi autre aux avaient avait avec avez avoir avons c ce ceci cela celle celles
  celui ces cet cette ceux chez comme d dans de des donc dont du elle elles en encore entre es est et
  étaient était été être eu eux fait fut il ils j je l la là le les leur leurs lui m ma mais me même mes
  moi mon n ne ni nos notre nous on ont ou où par pas pendant peu peut plus pour pourquoi qu quand que
  quel quelle quelles quels qui quoi s sa sans se sera ses si son sont sous sur t ta te tes toi ton tous
  tout toute toutes très tu un une vers vos votre vous y`)

/** `l'homme`, `qu'il`, `jusqu'au`: what the apostrophe leaves of a function word. */
const elision = /^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)'/

function prepare(word: string): string {
  return word.replace(elision, '')
}

const language: Language = {
  tag: 'fr',
  stem: stemmer,
  stopWords: functionWords,
  prepare,
}

/** French: elided articles dropped, Snowball stems, function words left out. */
export function frenchAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
