import {
  byteKinds,
  kindAt,
  LONGER,
  LOWER,
  longerKindAt,
  MARK,
  NEWLINE,
  NUMBER,
  OTHER,
  SPACE,
  UNCASED,
  UPPER,
  widthOf,
} from './kinds.js'

/**
 * Cuts UTF-8 text into the pieces that tokens never cross, as the pattern of an encoding does: writes their ends
 * to `ends`, from byte `from` on, until the text or the room ends, and returns how many. A zero byte must stand
 * at `length`. The matches of every pattern follow each other without gaps, so an end is also the next start.
 * The work is linear: no byte is looked at more than a few times, whatever the text.
 */
export type Splitter = (bytes: Uint8Array, from: number, length: number, ends: Uint32Array) => number

/**
 * ```text
 * (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
 * | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
 * ```
 */
export function splitCl100k(bytes: Uint8Array, from: number, length: number, ends: Uint32Array): number {
  let at = from
  let count = 0
  while (at < length && count < ends.length) {
    // Most pieces are a word with the space before it.
    const isWord = bytes[at] === 0x20 && byteKinds[bytes[at + 1]!]! <= UNCASED
    at = isWord ? lettersEnd(bytes, at + 2) : endOfCl100k(bytes, at, length)
    ends[count++] = at
  }
  return count
}

function endOfCl100k(bytes: Uint8Array, at: number, length: number): number {
  const kind = kindAt(bytes, at)
  const next = at + widthOf(bytes[at]!)
  if (kind <= UNCASED) return lettersEnd(bytes, next)
  if (kind === NUMBER) return numbersEnd(bytes, next, 2)
  if (bytes[at] === APOSTROPHE) {
    const suffix = contraction(bytes, next)
    if (suffix > 0) return next + suffix
  }
  if (kind !== NEWLINE && kindAt(bytes, next) <= UNCASED) return lettersEnd(bytes, next)
  if (!leadsOthers(bytes, kind, next, length)) return blanksEnd(bytes, at, length, true)
  let end = othersEnd(bytes, next, length)
  while (isNewline(bytes[end]!)) end++
  return end
}

/**
 * ```text
 * [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
 * |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
 * |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
 * ```
 */
export function splitO200k(bytes: Uint8Array, from: number, length: number, ends: Uint32Array): number {
  let at = from
  let count = 0
  while (at < length && count < ends.length) {
    at = endOfO200k(bytes, at, length)
    ends[count++] = at
  }
  return count
}

function endOfO200k(bytes: Uint8Array, at: number, length: number): number {
  const kind = kindAt(bytes, at)
  const next = at + widthOf(bytes[at]!)
  // A mark may also be the character that leads a word, which comes to the same.
  if (kind <= MARK) return suffixedEnd(bytes, wordEnd(bytes, at))
  if (kind === NUMBER) return numbersEnd(bytes, next, 2)
  if (kind !== NEWLINE) {
    const end = wordEnd(bytes, next)
    if (end > next) return suffixedEnd(bytes, end)
  }
  if (!leadsOthers(bytes, kind, next, length)) return blanksEnd(bytes, at, length, true)
  let end = othersEnd(bytes, next, length)
  while (isNewline(bytes[end]!) || bytes[end] === SLASH) end++
  return end
}

/** End of a word with the contraction behind it, if there is one. */
function suffixedEnd(bytes: Uint8Array, end: number): number {
  if (bytes[end] !== APOSTROPHE) return end
  const suffix = contraction(bytes, end + 1)
  return suffix > 0 ? end + 1 + suffix : end
}

/** `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, of GPT-2 and the p50k encodings. */
export function splitGpt2(bytes: Uint8Array, from: number, length: number, ends: Uint32Array): number {
  let at = from
  let count = 0
  while (at < length && count < ends.length) {
    at = endOfGpt2(bytes, at, length)
    ends[count++] = at
  }
  return count
}

function endOfGpt2(bytes: Uint8Array, at: number, length: number): number {
  let kind = kindAt(bytes, at)
  let next = at + widthOf(bytes[at]!)
  if (bytes[at] === APOSTROPHE) {
    const suffix = lowerContraction(bytes, next)
    if (suffix > 0) return next + suffix
  }
  if (kind === SPACE && next < length && kindAt(bytes, next) < SPACE) {
    kind = kindAt(bytes, next)
    next += widthOf(bytes[next]!)
  }
  if (kind <= UNCASED) return lettersEnd(bytes, next)
  if (kind === NUMBER) return numbersEnd(bytes, next, length)
  return kind < SPACE ? othersEnd(bytes, next, length) : blanksEnd(bytes, at, length, false)
}

const APOSTROPHE = 0x27
const SLASH = 0x2f

function isNewline(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d
}

/** Whether ` ?[^\s\p{L}\p{N}]` matches a character of this kind, with what follows at `next`. */
function leadsOthers(bytes: Uint8Array, kind: number, next: number, length: number): boolean {
  if (kind < SPACE) return true
  if (kind !== SPACE || next >= length) return false
  const following = kindAt(bytes, next)
  return following === OTHER || following === MARK
}

function lettersEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; ; at += widthOf(bytes[at]!)) {
    let kind = byteKinds[bytes[at]!]!
    while (kind <= UNCASED) kind = byteKinds[bytes[++at]!]!
    if (kind !== LONGER || longerKindAt(bytes, at) > UNCASED) return at
  }
}

function numbersEnd(bytes: Uint8Array, from: number, most: number): number {
  let at = from
  for (let i = 0; i < most && kindAt(bytes, at) === NUMBER; i++) at += widthOf(bytes[at]!)
  return at
}

function othersEnd(bytes: Uint8Array, from: number, length: number): number {
  let at = from
  while (at < length) {
    const kind = kindAt(bytes, at)
    if (kind !== OTHER && kind !== MARK) break
    at += widthOf(bytes[at]!)
  }
  return at
}

/**
 * End of the match of o200k's two word patterns without what leads and follows a word, or `from` for none:
 * capitals, then small letters, where uncased letters and marks (`B`) are both. The capitals take `B` too; if no
 * small letter follows them, the pattern gives back as much as it must for one `B` to end the word.
 */
function wordEnd(bytes: Uint8Array, from: number): number {
  let at = from
  let kind = kindAt(bytes, at)
  let behindLastBoth = 0
  while (kind <= MARK && kind !== LOWER) {
    at += widthOf(bytes[at]!)
    if (kind !== UPPER) behindLastBoth = at
    kind = kindAt(bytes, at)
  }
  if (kind !== LOWER) return behindLastBoth > 0 ? behindLastBoth : at
  for (; ; at += widthOf(bytes[at]!)) {
    kind = byteKinds[bytes[at]!]!
    while (kind === LOWER) kind = byteKinds[bytes[++at]!]!
    if (kind !== LONGER) return at
    kind = longerKindAt(bytes, at)
    if (kind > MARK || kind === UPPER) return at
  }
}

/**
 * `\s*[\r\n]+|\s+(?!\S)|\s+`, the first only where `endsAtNewline`: up to the last line break, else all blanks
 * but the one before what follows, else that one.
 */
function blanksEnd(bytes: Uint8Array, from: number, length: number, endsAtNewline: boolean): number {
  let at = from
  let last = from
  let behindNewline = 0
  for (let kind = kindAt(bytes, at); kind >= SPACE; kind = kindAt(bytes, at)) {
    last = at
    at += widthOf(bytes[at]!)
    if (kind === NEWLINE) behindNewline = at
  }
  if (endsAtNewline && behindNewline > 0) return behindNewline
  return at === length || last === from ? at : last
}

/** Length of what follows an apostrophe in an English contraction, in either case; 0 for none. */
function contraction(bytes: Uint8Array, at: number): number {
  // U+017F, the long s, is an s to a pattern that ignores case.
  if (bytes[at] === 0xc5 && bytes[at + 1] === 0xbf) return 2
  return contractionOf(bytes[at]! | 0x20, bytes[at + 1]! | 0x20)
}

function lowerContraction(bytes: Uint8Array, at: number): number {
  return contractionOf(bytes[at]!, bytes[at + 1]!)
}

function contractionOf(first: number, second: number): number {
  switch (first) {
    case 0x73: // s
    case 0x74: // t
    case 0x6d: // m
    case 0x64: // d
      return 1
    case 0x72: // r
    case 0x76: // v
      return second === 0x65 ? 2 : 0
    case 0x6c: // l
      return second === 0x6c ? 2 : 0
    default:
      return 0
  }
}
