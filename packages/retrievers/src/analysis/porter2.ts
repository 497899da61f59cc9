/**
 * Porter2, the English stemmer of the Snowball project, written from its published description
 * (snowballstem.org/algorithms/english/stemmer.html). Checked against Snowball 3.1.1.
 *
 * R1 is what follows the first non-vowel after a vowel, R2 the same inside R1; suffixes go only when they
 * lie in the region the rule names. `Y` marks a y that is a consonant.
 */

/** Words whose stem the rules would get wrong. */
const exceptions: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ['skis', 'ski'],
  ['skies', 'sky'],
  ['sky', 'sky'],
  ['idly', 'idl'],
  ['gently', 'gentl'],
  ['singly', 'singl'],
  ['ugly', 'ugli'],
  ['early', 'earli'],
  ['only', 'onli'],
  ['news', 'news'],
  ['howe', 'howe'],
  ['atlas', 'atlas'],
  ['cosmos', 'cosmos'],
  ['bias', 'bias'],
  ['andes', 'andes'],
])

/** Left alone once a plural s is gone. */
const stopAfterPlural: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'inning',
  'outing',
  'canning',
  'herring',
  'earring',
  'evening',
  'proceed',
  'exceed',
  'succeed',
])

/** Beginnings that end their own R1. */
const regionPrefixes = ['gener', 'commun', 'arsen', 'past', 'univers', 'later', 'emerg', 'organ', 'inter']

/** Step 2, longest first: suffix in R1 and what replaces it. */
const derivations: readonly (readonly [string, string])[] = [
  ['ization', 'ize'],
  ['ational', 'ate'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['iveness', 'ive'],
  ['tional', 'tion'],
  ['biliti', 'ble'],
  ['lessli', 'less'],
  ['entli', 'ent'],
  ['ation', 'ate'],
  ['alism', 'al'],
  ['aliti', 'al'],
  ['ousli', 'ous'],
  ['iviti', 'ive'],
  ['fulli', 'ful'],
  ['ogist', 'og'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['abli', 'able'],
  ['izer', 'ize'],
  ['ator', 'ate'],
  ['alli', 'al'],
  ['bli', 'ble'],
  ['ogi', 'og'],
  ['li', ''],
]

/** Step 3, longest first. `ative` asks for R2. */
const endings: readonly (readonly [string, string])[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['alize', 'al'],
  ['icate', 'ic'],
  ['iciti', 'ic'],
  ['ative', ''],
  ['ical', 'ic'],
  ['ness', ''],
  ['ful', ''],
]

/** Step 4, longest first: dropped in R2. */
const residues: readonly string[] = [
  'ement',
  'ance',
  'ence',
  'able',
  'ible',
  'ment',
  'ant',
  'ent',
  'ism',
  'ate',
  'iti',
  'ous',
  'ive',
  'ize',
  'ion',
  'al',
  'er',
  'ic',
]

function isVowel(code: number): boolean {
  // a e i o u y
  return code === 97 || code === 101 || code === 105 || code === 111 || code === 117 || code === 121
}

/** Where the region after `from` starts: past the first non-vowel that follows a vowel. */
function regionAfter(word: string, from: number): number {
  for (let i = from + 1; i < word.length; i++) {
    if (isVowel(word.charCodeAt(i - 1)) && !isVowel(word.charCodeAt(i))) return i + 1
  }
  return word.length
}

function firstRegion(word: string): number {
  for (const prefix of regionPrefixes) if (word.startsWith(prefix)) return prefix.length
  return regionAfter(word, 0)
}

function hasVowel(word: string, end: number): boolean {
  for (let i = 0; i < end; i++) if (isVowel(word.charCodeAt(i))) return true
  return false
}

/** A vowel before a last non-vowel other than w, x, Y, itself after a non-vowel; or the whole of two letters. */
function endsShort(word: string): boolean {
  const length = word.length
  const last = word.charCodeAt(length - 1)
  if (word === 'past') return true
  if (length === 2) return isVowel(word.charCodeAt(0)) && !isVowel(last)
  return (
    length > 2 &&
    !isVowel(last) &&
    last !== 119 &&
    last !== 120 &&
    last !== 89 &&
    isVowel(word.charCodeAt(length - 2)) &&
    !isVowel(word.charCodeAt(length - 3))
  )
}

/** A y at the start or after a vowel is a consonant. */
function markConsonantY(word: string): string {
  if (!word.includes('y')) return word
  let marked = ''
  for (let i = 0; i < word.length; i++) {
    const consonant = word[i] === 'y' && (i === 0 || isVowel(marked.charCodeAt(i - 1)))
    marked += consonant ? 'Y' : word[i]
  }
  return marked
}

function withoutPlural(word: string): string {
  if (word.endsWith('sses')) return word.slice(0, -2)
  if (word.endsWith('ied') || word.endsWith('ies')) return word.slice(0, word.length > 4 ? -2 : -1)
  if (word.endsWith('us') || word.endsWith('ss') || !word.endsWith('s')) return word
  return hasVowel(word, word.length - 2) ? word.slice(0, -1) : word
}

function withoutInflection(word: string, r1: number): string {
  for (const suffix of ['eedly', 'eed']) {
    if (!word.endsWith(suffix)) continue
    return word.length - suffix.length >= r1 ? `${word.slice(0, -suffix.length)}ee` : word
  }
  for (const suffix of ['ingly', 'edly', 'ing', 'ed']) {
    if (!word.endsWith(suffix)) continue
    const end = word.length - suffix.length
    if (suffix === 'ing' && end === 2 && word.charCodeAt(1) === 121 && !isVowel(word.charCodeAt(0)))
      return `${word[0]}ie`
    if (!hasVowel(word, end)) return word
    const rest = word.slice(0, end)
    if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`
    if (/(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(rest))
      return rest.length === 3 && /^[aeo]/.test(rest) ? rest : rest.slice(0, -1)
    return r1 >= rest.length && endsShort(rest) ? `${rest}e` : rest
  }
  return word
}

function withoutDerivation(word: string, r1: number): string {
  for (const [suffix, replacement] of derivations) {
    if (!word.endsWith(suffix)) continue
    const end = word.length - suffix.length
    if (end < r1) return word
    if (suffix === 'ogi' && word[end - 1] !== 'l') return word
    if (suffix === 'li' && !/[cdeghkmnrt]/.test(word[end - 1] ?? '')) return word
    return word.slice(0, end) + replacement
  }
  return word
}

function withoutEnding(word: string, r1: number, r2: number): string {
  for (const [suffix, replacement] of endings) {
    if (!word.endsWith(suffix)) continue
    const end = word.length - suffix.length
    return end < (suffix === 'ative' ? r2 : r1) ? word : word.slice(0, end) + replacement
  }
  return word
}

function withoutResidue(word: string, r2: number): string {
  for (const suffix of residues) {
    if (!word.endsWith(suffix)) continue
    const end = word.length - suffix.length
    if (end < r2 || (suffix === 'ion' && !/[st]/.test(word[end - 1] ?? ''))) return word
    return word.slice(0, end)
  }
  return word
}

function withoutFinal(word: string, r1: number, r2: number): string {
  const end = word.length - 1
  if (word.endsWith('e'))
    return end >= r2 || (end >= r1 && !endsShort(word.slice(0, end))) ? word.slice(0, end) : word
  return word.endsWith('ll') && end >= r2 ? word.slice(0, end) : word
}

/** Stem of a word in lower case with straight apostrophes. */
export function stemEnglish(word: string): string {
  if (word.length < 3) return word
  const exception = exceptions.get(word)
  if (exception !== undefined) return exception
  let stem = markConsonantY(word.startsWith("'") ? word.slice(1) : word)
  const r1 = firstRegion(stem)
  const r2 = regionAfter(stem, r1)
  stem = withoutPlural(stem.replace(/'s?'?$/, ''))
  if (stopAfterPlural.has(stem)) return stem
  stem = withoutInflection(stem, r1)
  if (stem.length > 2 && /[^aeiouy][yY]$/.test(stem)) stem = `${stem.slice(0, -1)}i`
  stem = withoutDerivation(stem, r1)
  stem = withoutEnding(stem, r1, r2)
  stem = withoutResidue(stem, r2)
  stem = withoutFinal(stem, r1, r2)
  return stem.replaceAll('Y', 'y')
}
