/** Longer answers are read up to here: nothing that is asked for is so long. Code units. */
const longestAnswer = 32_768
/** Places where JSON may begin that are tried. */
const mostStarts = 64

/**
 * Finds JSON in a model's answer, whatever stands around it: prose, code fences, thoughts. Gives the first value that
 * `accept` makes something of, outer ones before those inside them; commas before a closing bracket are forgiven.
 * Takes bounded time on any text.
 */
export function readJson<T>(answer: string, accept: (value: unknown) => T | undefined): T | undefined {
  const text = answer.slice(0, longestAnswer)
  let start = -1
  for (let tried = 0; tried < mostStarts; tried++) {
    start = nextOpening(text, start + 1)
    if (start < 0) return undefined
    const end = closing(text, start)
    if (end < 0) continue
    const value = parse(text.slice(start, end))
    const accepted = value === undefined ? undefined : accept(value)
    if (accepted !== undefined) return accepted
  }
  return undefined
}

function nextOpening(text: string, from: number): number {
  for (let offset = from; offset < text.length; offset++) {
    const char = text[offset]
    if (char === '{' || char === '[') return offset
  }
  return -1
}

/** Past the bracket that closes the one at `start`, strings skipped; −1 when nothing does. */
function closing(text: string, start: number): number {
  let depth = 0
  let inString = false
  for (let offset = start; offset < text.length; offset++) {
    const char = text[offset]
    if (inString) {
      if (char === '\\') offset++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' || char === '[') depth++
    else if ((char === '}' || char === ']') && --depth === 0) return offset + 1
  }
  return -1
}

/** The value, never null; undefined for what is no JSON. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json) ?? undefined
  } catch {
    const repaired = withoutStrayCommas(json)
    if (repaired === json) return undefined
    try {
      return JSON.parse(repaired) ?? undefined
    } catch {
      return undefined
    }
  }
}

/** Commas with only blanks between them and a closing bracket, outside of strings. */
function withoutStrayCommas(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/gs, (_, text: string | undefined) => text ?? '')
}

/** An own field of an object that came from JSON. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
    return undefined
  return (value as { readonly [name: string]: unknown })[name]
}
