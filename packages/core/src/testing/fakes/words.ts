/** Runs of letters, marks and digits in lower case, in order. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
}

/** FNV-1a over UTF-16 code units, 32 bits (Fowler, Noll, Vo). */
export function hashText(text: string, basis = 0x811c9dc5): number {
  let hash = basis
  for (let offset = 0; offset < text.length; offset += 1) {
    const unit = text.charCodeAt(offset)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  return hash >>> 0
}
