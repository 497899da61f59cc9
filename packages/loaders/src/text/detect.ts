import { decodeStrictly } from './encoding.js'

/** Bytes looked at when guessing: enough to tell encodings apart, and the cost of a wrong guess stays bounded. */
const SAMPLE_BYTES = 64 * 1024

/** Control characters per thousand bytes above which content is not text. */
const MAX_CONTROL_PER_MILLE = 20

/** Number of bytes that text does not contain: C0 controls except tab, line ends, form feed, backspace and escape. */
export function controlBytes(bytes: Uint8Array): number {
  let controls = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte < 0x20 && (byte < 0x08 || byte > 0x0d) && byte !== 0x1b) controls++
  }
  return controls
}

/** Compressed and executable data has about one control in ten bytes; text in any 8-bit encoding has none. */
export function looksBinary(bytes: Uint8Array, controls = controlBytes(bytes)): boolean {
  return controls * 1000 > bytes.length * MAX_CONTROL_PER_MILLE
}

/**
 * UTF-16 or UTF-32 without a byte order mark, by where its zero bytes lie: text in most scripts has spaces,
 * line ends, digits or Latin letters, whose upper byte is zero, and hardly any U+0000.
 */
export function wideEncoding(bytes: Uint8Array): string | undefined {
  const length = Math.min(bytes.length, SAMPLE_BYTES) & ~3
  const zeros = [0, 0, 0, 0]
  for (let at = 0; at < length; at++) if (bytes[at] === 0) zeros[at & 3]!++
  const units = length / 4
  if (units === 0) return shortWideEncoding(bytes)
  const share = zeros.map((count) => count / units)
  const [a, b, c, d] = [share[0]!, share[1]!, share[2]!, share[3]!]
  if (a < 0.1 && c > 0.9 && d > 0.9) return 'utf-32le'
  if (a > 0.9 && b > 0.9 && d < 0.1) return 'utf-32be'
  const even = (a + c) / 2
  const odd = (b + d) / 2
  if (bytes.length % 2 !== 0) return undefined
  if (odd > 0.02 && even < odd / 10) return plausible(bytes, 'utf-16le')
  if (even > 0.02 && odd < even / 10) return plausible(bytes, 'utf-16be')
  return undefined
}

function shortWideEncoding(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 2) return undefined
  if (bytes[0] !== 0 && bytes[1] === 0) return 'utf-16le'
  return bytes[0] === 0 && bytes[1] !== 0 ? 'utf-16be' : undefined
}

/** Valid surrogates and no controls: executables have aligned zeros too. */
function plausible(bytes: Uint8Array, encoding: string): string | undefined {
  const text = decodeStrictly(bytes.subarray(0, SAMPLE_BYTES & ~1), encoding)
  const start = text ?? decodeStrictly(bytes.subarray(0, (SAMPLE_BYTES & ~1) - 2), encoding)
  if (start === undefined) return undefined
  const odd = start.match(/[\0-\x07\x0e-\x1a\x1c-\x1f\ufffe\uffff]/g)?.length ?? 0
  return odd * 100 <= start.length ? encoding : undefined
}

/** Counts well-formed multi-byte UTF-8 sequences and the bytes that break the encoding. */
export function utf8Evidence(bytes: Uint8Array): { readonly sequences: number; readonly invalid: number } {
  let sequences = 0
  let invalid = 0
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!
    if (lead < 0x80) {
      at++
      continue
    }
    const width =
      lead >= 0xc2 && lead <= 0xdf
        ? 2
        : lead >= 0xe0 && lead <= 0xef
          ? 3
          : lead >= 0xf0 && lead <= 0xf4
            ? 4
            : 1
    let end = at + 1
    while (end < at + width && end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end++
    if (width > 1 && end === at + width) sequences++
    else invalid++
    at = end
  }
  return { sequences, invalid }
}

/**
 * Best guess for bytes that are not UTF-8: each multi-byte candidate must decode without an error and gives
 * evidence by how much of what it decodes is everyday writing of its language; then Cyrillic by its letter
 * statistics; what remains is windows-1252, which is also what the web assumes.
 */
export function legacyEncoding(bytes: Uint8Array): string {
  const sample = sampleOf(bytes)
  let best = 'windows-1252'
  let bestScore = 0.4
  for (const candidate of ['shift_jis', 'euc-jp', 'gb18030', 'big5', 'euc-kr']) {
    const text = decodeWithoutTail(sample, candidate)
    const score = text === undefined ? 0 : eastAsianScore(text, candidate)
    if (score > bestScore) {
      best = candidate
      bestScore = score
    }
  }
  if (best !== 'windows-1252') return best
  return cyrillicEncoding(sample) ?? best
}

/** A cut through a character at the end of the sample must not count as an error. */
function decodeWithoutTail(sample: Uint8Array, encoding: string): string | undefined {
  for (let cut = 0; cut < 4 && cut < sample.length; cut++) {
    const text = decodeStrictly(sample.subarray(0, sample.length - cut), encoding)
    if (text !== undefined) return text
    if (sample.length < SAMPLE_BYTES) return undefined
  }
  return undefined
}

/** The first 64 KiB that hold the evidence: starts at the first byte outside ASCII. */
function sampleOf(bytes: Uint8Array): Uint8Array {
  let first = 0
  while (first < bytes.length && bytes[first]! < 0x80) first++
  return bytes.subarray(first, first + SAMPLE_BYTES)
}

/** Share of characters that a text of the language cannot do without, below which it is none of it. */
const MIN_EVERYDAY = 0.1

/**
 * How much of the text outside ASCII looks like the language of the encoding, 0 to 1. Japanese has kana,
 * Korean is Hangul, Chinese has its most frequent characters; Western text read as either has none of these,
 * but rare characters each made of an accented letter and its neighbour.
 */
function eastAsianScore(text: string, encoding: string): number {
  let total = 0
  let known = 0
  let everyday = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x80) continue
    total++
    const kana = code >= 0x3040 && code <= 0x30ff
    const ideograph = code >= 0x4e00 && code <= 0x9fff
    const punctuation = (code >= 0x3001 && code <= 0x3011) || (code >= 0xff01 && code <= 0xff5e)
    const hangul = code >= 0xac00 && code <= 0xd7a3
    if (encoding === 'euc-kr') {
      if (hangul) everyday++
      known += hangul ? 1 : ideograph || punctuation ? 0.5 : 0
    } else if (encoding === 'shift_jis' || encoding === 'euc-jp') {
      // Half-width katakana is where Western bytes end up when they are read as Shift_JIS: no evidence.
      if (kana) everyday++
      known += kana ? 1 : punctuation ? 0.9 : ideograph ? 0.75 : 0
    } else {
      const common = COMMON_HAN.has(code)
      if (common) everyday++
      known += common ? 1 : punctuation ? 0.8 : ideograph ? 0.6 : 0
    }
  }
  return total < 3 || everyday < total * MIN_EVERYDAY ? 0 : known / total
}

/** The most frequent characters of simplified and of traditional writing. */
const COMMON_HAN = new Set(
  Array.from(
    '的一是不了在人有我他这這中大来來上国國个個到说說们們为為子和你地出道也时時年得就那要下以生会會自着著去之过過家学學对對可里后後小么么心多天而能好都然没日于於起还還发發成事只作当當想看文无開开手十用主行方又如前所本见見经經头頭面公同三已老从從动動两兩长長',
    (character) => character.charCodeAt(0),
  ),
)

/**
 * windows-1251 and koi8-r put letters into the same upper half but with case swapped: Russian text is mostly
 * lower case, and most of its letters are vowels and sonorants. Western text has single accented letters
 * between ASCII ones, so runs of upper-half letters are what tells Cyrillic at all.
 */
function cyrillicEncoding(sample: Uint8Array): string | undefined {
  let upper = 0
  let runs = 0
  for (let at = 1; at < sample.length; at++) {
    if (sample[at]! < 0xc0) continue
    upper++
    if (sample[at - 1]! >= 0xc0) runs++
  }
  if (upper < 8 || runs < upper * 0.6) return undefined
  let best: string | undefined
  let bestScore = 0.5
  for (const candidate of ['windows-1251', 'koi8-r', 'ibm866']) {
    const text = new TextDecoder(candidate).decode(sample)
    const frequent = text.match(/[оеаинтсрвлкмдпу]/g)?.length ?? 0
    const outside = text.match(/[^\x00-\x7f]/g)?.length ?? 1
    if (frequent / outside > bestScore) {
      best = candidate
      bestScore = frequent / outside
    }
  }
  return best
}
