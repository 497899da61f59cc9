/** Scripts whose words are written with letters: a table that knows words of theirs has pieces of several letters. */
const alphabets = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Arabic',
  'Hebrew',
  'Armenian',
  'Georgian',
  'Devanagari',
  'Bengali',
  'Tamil',
  'Telugu',
  'Thai',
  'Hangul',
  'Hiragana',
  'Katakana',
].map((name) => ({ name, pattern: new RegExp(`^\\p{Script=${name}}+$`, 'u') }))

/** Share of the pieces from which on a script is known; every vocabulary has some stray letters of all scripts. */
const leastShare = 0.02
/** Signs of Chinese from which on it is known: a few hundred stray ones are in every vocabulary. */
const leastSigns = 2000
const sign = /^\p{Script=Han}+$/u

/** The scripts that a vocabulary, one piece per line, has words of. */
export function scriptsOf(vocabulary: string): readonly string[] {
  const counts = new Map<string, number>()
  let pieces = 0
  let signs = 0
  for (const line of vocabulary.split('\n')) {
    pieces++
    const piece = line.startsWith('##') ? line.slice(2) : line
    if (sign.test(piece)) signs++
    if (piece.length < 2) continue
    const found = alphabets.find(({ pattern }) => pattern.test(piece))
    if (found) counts.set(found.name, (counts.get(found.name) ?? 0) + 1)
  }
  const known = [...counts].filter(([, count]) => count >= leastShare * pieces).map(([name]) => name)
  return signs >= leastSigns ? [...known, 'Han'] : known
}
