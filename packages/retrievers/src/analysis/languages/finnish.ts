import { stemmer } from '@orama/stemmers/finnish'
import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  ei eivät ellei eli emme en et että hän hänen he heidän ilman itse ja jo joka jos jota jotka jotta kaikki
  kanssa keskellä koska kuin kuinka kuka kun kuten läpi me mihin mikä milloin minä minun missä mistä mitä
  mitään mukaan mutta myös ne niiden niin nyt nämä noin oli olivat olla ole olemme olen olet on onko ovat
  se sekä sen siellä siis sille sillä sinä sitä siinä siitä taas tai tämä tämän tässä tästä tätä te tuo
  vaan vai vaikka voi voivat yli`)

const language: Language = {
  tag: 'fi',
  stem: stemmer,
  stopWords: functionWords,
}

/** Finnish: Snowball stems, function words left out. */
export function finnishAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
