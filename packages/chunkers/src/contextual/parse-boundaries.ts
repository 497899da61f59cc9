/** More of an answer is never looked at. */
const LONGEST_ANSWER = 100_000

/**
 * The numbers of the pieces that start a chunk, as a model answered: the last JSON array of whole numbers in
 * the text, whatever stands around it (prose, code fences, an object that holds it). Undefined unless it
 * ascends strictly and every number lies from `first` to `last`.
 */
export function parseBoundaries(answer: string, first: number, last: number): readonly number[] | undefined {
  const text = answer
    .slice(0, LONGEST_ANSWER)
    .replace(/<think(?:ing)?>[\s\S]*?(?:<\/think(?:ing)?>|$)/gi, ' ')
  let found: readonly number[] | undefined
  for (const match of text.matchAll(/\[([\s\d,"']*)\]/g)) {
    const list = match[1]!.trim().replace(/,$/, '')
    const items =
      list === '' ? [] : list.split(',').map((item) => item.trim().replace(/^(["'])(.*)\1$/, '$2'))
    if (items.every((item) => /^\d{1,9}$/.test(item))) found = items.map(Number)
  }
  if (found === undefined) return undefined
  let before = first - 1
  for (const number of found) {
    if (number <= before || number > last) return undefined
    before = number
  }
  return found
}
