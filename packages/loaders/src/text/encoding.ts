import { invalid } from '@tesserae/core'

export interface Decoded {
  readonly text: string
  /** WHATWG name of the encoding in lower case, or `utf-32le` / `utf-32be`. */
  readonly encoding: string
  /** Bytes that were not valid in that encoding and became U+FFFD. */
  readonly invalidBytes: number
}

/** Resolves a label such as `latin1` to its WHATWG name. @throws RagError `invalid-argument` for an unknown one. */
export function encodingName(argument: string, label: string): string {
  const wanted = label.trim().toLowerCase()
  if (/^utf-?32(le|be)$/.test(wanted)) return wanted.replace(/^utf-?32/, 'utf-32')
  try {
    return new TextDecoder(wanted).encoding
  } catch {
    return invalid(argument, 'an encoding that TextDecoder knows, utf-32le or utf-32be', label)
  }
}

/** The same, for labels found in data: unknown ones are nothing. */
export function knownEncoding(label: string | undefined): string | undefined {
  if (label === undefined) return undefined
  try {
    return encodingName('charset', label)
  } catch {
    return undefined
  }
}

/** Encoding and length of the byte order mark at the start, if there is one. */
export function byteOrderMark(
  bytes: Uint8Array,
): { readonly encoding: string; readonly length: number } | undefined {
  const [a, b, c, d] = bytes
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) return { encoding: 'utf-32le', length: 4 }
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return { encoding: 'utf-32be', length: 4 }
  if (a === 0xef && b === 0xbb && c === 0xbf) return { encoding: 'utf-8', length: 3 }
  if (a === 0xff && b === 0xfe) return { encoding: 'utf-16le', length: 2 }
  if (a === 0xfe && b === 0xff) return { encoding: 'utf-16be', length: 2 }
  return undefined
}

/** Decodes all bytes; what is invalid becomes U+FFFD. The caller has removed the byte order mark. */
export function decodeAs(bytes: Uint8Array, encoding: string): string {
  if (encoding === 'utf-32le' || encoding === 'utf-32be') return decodeUtf32(bytes, encoding === 'utf-32le')
  return repaired(new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes), encoding)
}

/** Characters of windows-1252 at bytes 80–9F; where there is none, the control of the same number. */
const WINDOWS_1252 =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178'

/** Several versions of Node decode windows-1252 as if it were ISO 8859-1, which turns quotes and dashes into controls. */
function repaired(text: string, encoding: string): string {
  if (encoding !== 'windows-1252') return text
  return text.replace(/[\x80-\x9f]/g, (control) => WINDOWS_1252[control.charCodeAt(0) - 0x80]!)
}

/** Decodes all bytes, or `undefined` when they are not valid in that encoding. */
export function decodeStrictly(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return repaired(new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes), encoding)
  } catch {
    return undefined
  }
}

function decodeUtf32(bytes: Uint8Array, littleEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: string[] = []
  let codes: number[] = []
  for (let at = 0; at < bytes.length; at += 4) {
    const code = at + 4 <= bytes.length ? view.getUint32(at, littleEndian) : 0xfffd
    codes.push(code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0xfffd : code)
    if (codes.length === 4096) {
      parts.push(String.fromCodePoint(...codes))
      codes = []
    }
  }
  parts.push(String.fromCodePoint(...codes))
  return parts.join('')
}
