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
  return new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes)
}

/** Decodes all bytes, or `undefined` when they are not valid in that encoding. */
export function decodeStrictly(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes)
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
