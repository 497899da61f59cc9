/**
 * A text without the given characters at its ends. In one pass: a pattern such as `/[.]+$/` takes quadratic time on a
 * long run in the middle.
 */
export function trimmed(text: string, characters: string, ends: 'both' | 'end' = 'both'): string {
  let start = 0
  let end = text.length
  while (end > start && characters.includes(text[end - 1]!)) end -= 1
  if (ends === 'both') while (start < end && characters.includes(text[start]!)) start += 1
  return text.slice(start, end)
}
