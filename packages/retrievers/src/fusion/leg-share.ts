import { checkNumber, type EmbedderProfile, invalid, type TellsShare } from '@tesserae/core'

/** Longer queries are looked at up to here. Code units. */
const longestRead = 2000

/**
 * An embedder's share query by query: what it declares, times the part of the query's letters that are of its scripts.
 * Undefined when it declares neither, and where it declares scripts alone and knows all letters.
 *
 * @param usual what a leg without a declared share is worth
 */
export function shareByProfile(
  { vectorShare, scripts }: EmbedderProfile,
  usual: number,
): TellsShare['vectorShare'] {
  if (vectorShare !== undefined) checkNumber('embedder.vectorShare', vectorShare, 0, 1)
  const known = scripts && letterOf(scripts)
  return (query) => {
    const part = known === undefined ? 1 : partOf(query.slice(0, longestRead), known)
    return vectorShare === undefined && part === 1 ? undefined : (vectorShare ?? usual) * part
  }
}

/** Share of the letters that are known, 0 to 1; 1 without letters: figures are the same everywhere. */
function partOf(text: string, known: RegExp): number {
  let letters = 0
  let found = 0
  for (const [letter] of text.matchAll(/\p{L}/gu)) {
    letters++
    if (known.test(letter)) found++
  }
  return letters === 0 ? 1 : found / letters
}

/** Letters of these scripts, and those that all scripts share. */
function letterOf(scripts: readonly string[]): RegExp {
  const rule = 'a list of names of scripts as Unicode has them, such as ["Latin"]'
  if (!Array.isArray(scripts) || scripts.some((name) => typeof name !== 'string'))
    invalid('embedder.scripts', rule, scripts)
  try {
    return new RegExp(
      `[${['Common', 'Inherited', ...scripts].map((name) => `\\p{Script=${name}}`).join('')}]`,
      'u',
    )
  } catch {
    return invalid('embedder.scripts', rule, scripts)
  }
}
