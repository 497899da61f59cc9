import { skipBlanks } from './characters.js'

/** Identifier by which references find their definition: case and runs of blanks do not matter. */
export function normalizeLabel(label: string): string {
  return label.replace(/\s+/g, ' ').trim().toLowerCase().toUpperCase()
}

const MAX_LABEL = 999
const BACKSLASH = 92
const OPEN = 91
const CLOSE = 93

/** End offset of a link label `[…]` that starts at `at`, or -1. */
export function labelEnd(text: string, at: number): number {
  if (text[at] !== '[') return -1
  const limit = Math.min(text.length, at + MAX_LABEL + 2)
  for (let next = at + 1; next < limit; next++) {
    const code = text.charCodeAt(next)
    if (code === BACKSLASH) next++
    else if (code === OPEN) return -1
    else if (code === CLOSE) return text.slice(at + 1, next).trim() === '' ? -1 : next + 1
  }
  return -1
}

/** End offset of a link destination that starts at `at`, or -1. */
export function destinationEnd(text: string, at: number): number {
  if (text[at] === '<') {
    for (let next = at + 1; next < text.length; next++) {
      const character = text[next]
      if (character === '\\') next++
      else if (character === '>') return next + 1
      else if (character === '<' || character === '\n') return -1
    }
    return -1
  }
  let depth = 0
  let next = at
  for (; next < text.length; next++) {
    const code = text.charCodeAt(next)
    if (code <= 32 || code === 127) break
    const character = text[next]
    if (character === '\\' && /[!-/:-@[-`{-~]/.test(text[next + 1] ?? '')) next++
    else if (character === '(') {
      if (++depth > 32) return -1
    } else if (character === ')' && --depth < 0) break
  }
  return depth > 0 ? -1 : next
}

/** End offset of a link title that starts at `at`, or -1. */
export function titleEnd(text: string, at: number): number {
  const open = text[at]
  if (open !== '"' && open !== "'" && open !== '(') return -1
  const close = open === '(' ? ')' : open
  for (let next = at + 1; next < text.length; next++) {
    const character = text[next]
    if (character === '\\') next++
    else if (character === close) return next + 1
    else if (character === '(' && open === '(') return -1
  }
  return -1
}

/** Offset after blanks with at most one line ending. */
function skipSpace(text: string, at: number): number {
  const next = skipBlanks(text, at, text.length)
  return text[next] === '\n' ? skipBlanks(text, next + 1, text.length) : next
}

/** Offset after the line when only blanks are left in it, or -1. */
function restOfLine(text: string, at: number): number {
  const next = skipBlanks(text, at, text.length)
  if (next >= text.length) return text.length
  return text[next] === '\n' ? next + 1 : -1
}

/**
 * Reads one link reference definition at `at` of a paragraph's content, whose lines are joined with `\n`.
 * Returns its normalised label and the offset after it. Source: CommonMark 0.31.2, section 4.7.
 */
export function readDefinition(
  text: string,
  at: number,
): { readonly label: string; readonly end: number } | undefined {
  const labelStop = labelEnd(text, at)
  if (labelStop < 0 || text[labelStop] !== ':') return undefined
  const destinationStart = skipSpace(text, labelStop + 1)
  const destinationStop = destinationEnd(text, destinationStart)
  if (destinationStop < 0 || destinationStop === destinationStart) return undefined
  const label = normalizeLabel(text.slice(at + 1, labelStop - 1))
  const titleStart = skipSpace(text, destinationStop)
  if (titleStart > destinationStop) {
    const titleStop = titleEnd(text, titleStart)
    const end = titleStop < 0 ? -1 : restOfLine(text, titleStop)
    if (end >= 0) return { label, end }
  }
  const end = restOfLine(text, destinationStop)
  return end < 0 ? undefined : { label, end }
}
