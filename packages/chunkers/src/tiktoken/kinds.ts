/** What the splitting patterns distinguish. Letters are the kinds up to `UNCASED`, blanks those from `SPACE` on. */
export const UPPER = 1
export const LOWER = 2
export const UNCASED = 3
export const MARK = 4
export const NUMBER = 5
export const OTHER = 6
/** U+0020 alone: the only blank that may lead a piece of punctuation. */
export const SPACE = 7
export const BLANK = 8
/** Carriage return and line feed. */
export const NEWLINE = 9

const PATTERNS: readonly (readonly [RegExp, number])[] = [
  [/\p{Ll}/u, LOWER],
  [/[\p{Lu}\p{Lt}]/u, UPPER],
  [/\p{L}/u, UNCASED],
  [/\p{M}/u, MARK],
  [/\p{N}/u, NUMBER],
  // White_Space, not JavaScript's \s: the latter lacks U+0085 and has U+FEFF.
  [/\p{White_Space}/u, BLANK],
]

/** Kind by code point; 0 where nobody has asked yet. Memory of pages never asked for is never touched. */
const kinds = new Uint8Array(0x110000)

/** Kind of a code point. Surrogates are `OTHER`, like the U+FFFD that stands for them in UTF-8. */
export function kindOf(codePoint: number): number {
  const known = kinds[codePoint]!
  return known === 0 ? classify(codePoint) : known
}

function classify(codePoint: number): number {
  let kind = OTHER
  if (codePoint === 0x20) kind = SPACE
  else if (codePoint === 0x0a || codePoint === 0x0d) kind = NEWLINE
  else {
    const character = String.fromCodePoint(codePoint)
    const match = PATTERNS.find(([pattern]) => pattern.test(character))
    if (match !== undefined) kind = match[1]
  }
  kinds[codePoint] = kind
  return kind
}

/** Stands in `byteKinds` for the bytes of characters that are longer than one. Above all kinds. */
export const LONGER = 10

/** Kind by the first byte of a character, for the ASCII characters. */
export const byteKinds = new Uint8Array(256).fill(LONGER)
for (let byte = 0; byte < 0x80; byte++) byteKinds[byte] = classify(byte)

/** Kind of the character whose first byte is at `at`, in well-formed UTF-8. */
export function kindAt(bytes: Uint8Array, at: number): number {
  const kind = byteKinds[bytes[at]!]!
  return kind === LONGER ? longerKindAt(bytes, at) : kind
}

/** Kind of the character of several bytes at `at`. */
export function longerKindAt(bytes: Uint8Array, at: number): number {
  return kindOf(codePointAt(bytes, at))
}

/** Code point of two to four bytes at `at`. */
function codePointAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  const second = bytes[at + 1]! & 0x3f
  if (first < 0xe0) return ((first & 0x1f) << 6) | second
  const third = bytes[at + 2]! & 0x3f
  if (first < 0xf0) return ((first & 0x0f) << 12) | (second << 6) | third
  return ((first & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[at + 3]! & 0x3f)
}

/** Bytes of the character that begins with `first`. */
export function widthOf(first: number): number {
  if (first < 0x80) return 1
  if (first < 0xe0) return 2
  return first < 0xf0 ? 3 : 4
}
