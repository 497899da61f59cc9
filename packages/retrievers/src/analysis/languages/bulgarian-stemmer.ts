/**
 * A light stemmer for Bulgarian: articles, plurals and final vowels of nouns and adjectives.
 *
 * After Savoy: "Searching Strategies for the Bulgarian Language", Information Retrieval 10, 2007; the articles -та, -то and
 * -те only after the letters that they follow, so that `депозита` and `студента` keep their т.
 */
export function stemBulgarian(word: string): string {
  if (word.length < 4) return word
  if (word.length > 5 && word.endsWith('ища')) return word.slice(0, -3)
  return withoutVowels(replaced(replaced(word, articles), plurals))
}

/** What is looked for at the end, the length a word must exceed to lose it, and what takes its place. */
type Rule = readonly [ending: RegExp, longerThan: number, replacement: string]

const articles: readonly Rule[] = [
  [/ият$/u, 6, ''],
  [/(?<=[ая])та$/u, 5, ''],
  [/(?<=[тщв])та$/u, 5, ''],
  [/(?<=[оеи])то$/u, 5, ''],
  [/(?<=[ие])те$/u, 5, ''],
  [/ът$/u, 5, ''],
  [/ия$/u, 5, ''],
  [/оят$/u, 4, 'ой'],
  [/ят$/u, 4, ''],
]

const plurals: readonly Rule[] = [
  [/овци$/u, 6, 'о'],
  [/ове$/u, 6, ''],
  [/еве$/u, 6, 'й'],
  [/ища$/u, 5, ''],
  [/ета$/u, 5, ''],
  [/ици$/u, 4, 'ик'],
  [/зи$/u, 5, 'г'],
  [/ии$/u, 5, ''],
  [/(?<=[аое])и$/u, 4, 'й'],
  [/и$/u, 3, ''],
]

function replaced(word: string, rules: readonly Rule[]): string {
  for (const [ending, longerThan, replacement] of rules)
    if (word.length > longerThan && ending.test(word)) return word.replace(ending, replacement)
  return word
}

function withoutVowels(word: string): string {
  let stem = word
  if (stem.length > 3) {
    if (stem.endsWith('я')) stem = stem.slice(0, -1)
    if (/[аое]$/u.test(stem)) stem = stem.slice(0, -1)
  }
  if (stem.length > 4 && stem.endsWith('ен')) stem = `${stem.slice(0, -2)}н`
  if (stem.length > 5 && stem.at(-2) === 'ъ') stem = stem.slice(0, -2) + stem.at(-1)
  return stem
}
