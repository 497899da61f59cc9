/** A run of `*` or `_` that may open or close emphasis. */
export interface Delimiter {
  readonly character: string
  readonly part: number
  readonly size: number
  count: number
  readonly opens: boolean
  readonly closes: boolean
}

const BLANK = /^\s?$/
const PUNCTUATION = /[\p{P}\p{S}]/u

/** Whether the run may open and close, by what stands beside it. Source: CommonMark 0.31.2, section 6.2. */
export function delimiterOf(content: string, start: number, end: number, part: number): Delimiter {
  const before = content[start - 1] ?? ''
  const after = content[end] ?? ''
  const left =
    !BLANK.test(after) && (!PUNCTUATION.test(after) || BLANK.test(before) || PUNCTUATION.test(before))
  const right =
    !BLANK.test(before) && (!PUNCTUATION.test(before) || BLANK.test(after) || PUNCTUATION.test(after))
  const character = content[start]!
  const stars = character === '*'
  return {
    character,
    part,
    size: end - start,
    count: end - start,
    opens: left && (stars || !right || PUNCTUATION.test(before)),
    closes: right && (stars || !left || PUNCTUATION.test(after)),
  }
}

/** Takes the characters of matched runs out of the parts; unmatched ones stay as written. */
export function removeEmphasis(delimiters: readonly Delimiter[], parts: string[]): void {
  const openers: Delimiter[] = []
  // Below these heights of the stack there is no opener for that kind of closer: keeps the search linear.
  const bottoms = new Map<string, number>()
  for (const closer of delimiters) {
    while (closer.closes && closer.count > 0) {
      const kind = `${closer.character}${closer.opens}${closer.size % 3}`
      const bottom = Math.min(bottoms.get(kind) ?? 0, openers.length)
      let found = openers.length - 1
      while (found >= bottom && !matches(openers[found]!, closer)) found--
      if (found < bottom) {
        bottoms.set(kind, openers.length)
        break
      }
      openers.length = found + 1
      const opener = openers[found]!
      const used = opener.count >= 2 && closer.count >= 2 ? 2 : 1
      opener.count -= used
      closer.count -= used
      if (opener.count === 0) openers.pop()
      for (const [key, height] of bottoms) if (height > openers.length) bottoms.set(key, openers.length)
    }
    if (closer.opens && closer.count > 0) openers.push(closer)
  }
  for (const { part, character, count } of delimiters) parts[part] = character.repeat(count)
}

/** "Rule of three": runs that may do both must not add up to a multiple of three, unless both are one. */
function matches(opener: Delimiter, closer: Delimiter): boolean {
  if (opener.character !== closer.character) return false
  const both = opener.closes || closer.opens
  return !both || (opener.size + closer.size) % 3 !== 0 || (opener.size % 3 === 0 && closer.size % 3 === 0)
}
