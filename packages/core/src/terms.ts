/** A word as texts are compared by it. */
export interface Term {
  readonly term: string
  /** It has a digit: an amount, a date, a number of a clause. */
  readonly figure: boolean
}

const scripts =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}'
/** Figures with their separators, runs of scripts without blanks, words. */
const pattern = new RegExp(
  `\\p{Nd}+(?:[.,:/'\u2019]\\p{Nd}+)*|[${scripts}]+|(?:(?![${scripts}])[\\p{L}\\p{M}])+`,
  'gu',
)
const unspaced = new RegExp(`^[${scripts}]`, 'u')
const numbers = new Map(
  'zero one two three four five six seven eight nine ten eleven twelve'
    .split(' ')
    .map((word, value) => [word, String(value)]),
)

/**
 * The terms of a text, in order: lower case, one width, English endings off, thousands without separators, small
 * numbers in words as digits, pairs of characters where a script has no blanks. Good enough to tell whether two
 * sentences speak of the same; retrievers have analyzers for more.
 */
export function termsOf(text: string): Term[] {
  const terms: Term[] = []
  for (const [token] of text.normalize('NFKC').toLowerCase().matchAll(pattern)) {
    if (/\p{Nd}/u.test(token)) {
      terms.push({ term: token.replace(/[,'\u2019](?=\p{Nd}{3}(?!\p{Nd}))/gu, ''), figure: true })
    } else if (unspaced.test(token)) {
      const characters = [...token]
      if (characters.length === 1) terms.push({ term: token, figure: false })
      for (let at = 1; at < characters.length; at++)
        terms.push({ term: characters[at - 1]! + characters[at]!, figure: false })
    } else terms.push({ term: numbers.get(token) ?? stem(token), figure: false })
  }
  return terms
}

/** Endings that change with number and tense, off: rents, rented and renting are rent. */
function stem(word: string): string {
  if (word.length < 4 || !/^[a-z]+$/.test(word)) return word
  const base = word
    .replace(/(?:ies|ied)$/, 'y')
    .replace(/(?<=[a-z]{3})(?:ing|ed)$/, '')
    .replace(/(?<=[^s])s$/, '')
    .replace(/(?<=(?:ch|sh|ss|x|z))e$/, '')
  const single = base.replace(/([b-df-hj-kmnp-rtv-y])\1$/, '$1')
  return single.length > 3 ? single.replace(/e$/, '') : single
}

/** How many of the texts have each term; what is rare tells more. */
export function rarity(texts: readonly (readonly Term[])[]): (term: string) => number {
  const having = new Map<string, number>()
  for (const text of texts) {
    for (const term of new Set(text.map((one) => one.term))) having.set(term, (having.get(term) ?? 0) + 1)
  }
  // The idf of Lucene's BM25: above zero for a term that all texts have.
  return (term) => {
    const count = having.get(term) ?? 0
    return Math.log(1 + (texts.length - count + 0.5) / (count + 0.5))
  }
}
