import { stemmer } from '@orama/stemmers/italian'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  a abbia abbiamo ad agli ai al alla alle allo altro anche ancora avere aveva c che chi ci coi col come
  con contro cosa così cui d da dagli dai dal dalla dalle dallo degli dei del dell della delle dello di
  dopo dove e è ed era erano essere fa fino fra fu gli ha hanno ho i il in io l la le lei li lo loro lui
  ma me mi mia mio molto ne negli nei nel nell nella nelle nello no noi non nostra nostro o ogni oltre per
  perché però più poi prima qua quale quali quando quanto quella quelle quelli quello questa queste questi
  questo qui se sei si sia siamo sono sopra sotto sta stata stati stato su sua sue sugli sui sul sulla
  sulle sullo suo suoi tra tu tua tuo tutti tutto un una uno vi voi`)

/** `l'arte`, `dell'acqua`, `un'altra`: what the apostrophe leaves of a function word. */
const elision = /^(?:[cdlmnstv]|un|all|dall|dell|nell|sull|coll|gl|agl|dagl|degl|negl|sugl|quest|quell)'/

function prepare(word: string): string {
  return word.replace(elision, '')
}

const language: Language = {
  tag: 'it',
  stem: stemmer,
  stopWords: functionWords,
  prepare,
}

/** Italian: elided articles dropped, Snowball stems, function words left out. */
export function italianAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
