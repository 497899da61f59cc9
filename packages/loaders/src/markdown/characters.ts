export const TAB = 9
export const LF = 10
export const CR = 13
export const SPACE = 32

export function isBlankCode(code: number): boolean {
  return code === SPACE || code === TAB
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** Offset after the run of `code` that starts at `at`. */
export function runEnd(text: string, at: number, end: number, code: number): number {
  let next = at
  while (next < end && text.charCodeAt(next) === code) next++
  return next
}

/** Offset of the first character that is neither a space nor a tab. */
export function skipBlanks(text: string, at: number, end: number): number {
  let next = at
  while (next < end && isBlankCode(text.charCodeAt(next))) next++
  return next
}

/** Offset after the last character that is neither a space nor a tab. */
export function trimBlanks(text: string, start: number, end: number): number {
  let last = end
  while (last > start && isBlankCode(text.charCodeAt(last - 1))) last--
  return last
}

/** Offset of the next occurrence of `found`, or the text's end. */
export function indexOrEnd(text: string, found: string, from: number): number {
  const at = text.indexOf(found, from)
  return at < 0 ? text.length : at
}
