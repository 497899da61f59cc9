/** True when the code units before and after `offset` belong together: a surrogate pair, or CR LF. */
function joins(before: number, after: number): boolean {
  return (before === 0x0d && after === 0x0a) || ((before & 0xfc00) === 0xd800 && (after & 0xfc00) === 0xdc00)
}

/**
 * Whether text may be cut at `offset`: not inside a surrogate pair and not between CR and LF. Both ends of
 * the text are safe; an offset outside the text, or one that is not an integer, is not.
 */
export function isSafeCut(text: string, offset: number): boolean {
  if (!Number.isInteger(offset) || offset < 0 || offset > text.length) return false
  return (
    offset === 0 || offset === text.length || !joins(text.charCodeAt(offset - 1), text.charCodeAt(offset))
  )
}

/** The largest safe cut at or before `offset`, which is first brought into the text. */
export function safeCutBefore(text: string, offset: number): number {
  const inside = Math.min(Math.max(Math.floor(offset), 0), text.length)
  return isSafeCut(text, inside) ? inside : inside - 1
}

/** The smallest safe cut at or after `offset`, which is first brought into the text. */
export function safeCutAfter(text: string, offset: number): number {
  const inside = Math.min(Math.max(Math.ceil(offset), 0), text.length)
  return isSafeCut(text, inside) ? inside : inside + 1
}
