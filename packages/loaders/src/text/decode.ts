import { loadFailed } from '../format.js'
import { controlBytes, legacyEncoding, looksBinary, utf8Evidence, wideEncoding } from './detect.js'
import { byteOrderMark, type Decoded, decodeAs, decodeStrictly, knownEncoding } from './encoding.js'

export interface DecodeOptions {
  /** Name used in messages. */
  readonly uri: string
  /** Encoding to use whatever the bytes look like. @default found by looking */
  readonly encoding?: string | undefined
  /** Encoding the source claims; used when there is no byte order mark and the bytes are valid in it. @default none */
  readonly charset?: string | undefined
}

/**
 * Bytes to text: byte order mark, told encoding, UTF-16/32 by zero bytes, strict UTF-8, UTF-8 with a few bad
 * bytes, then a guess among legacy encodings. Only the byte order mark is removed; line ends stay as they are.
 * @throws RagError `load-failed` with reason `empty` or `binary`.
 */
export function decodeText(bytes: Uint8Array, options: DecodeOptions): Decoded {
  const decoded = decodeMarked(bytes, options)
  // Tools that each add a mark leave several; none of them is text.
  const text = decoded.text.replace(/^\ufeff+/, '')
  return text.length === decoded.text.length ? decoded : { ...decoded, text }
}

function decodeMarked(bytes: Uint8Array, options: DecodeOptions): Decoded {
  if (bytes.length === 0) {
    throw loadFailed(options.uri, 'the file is empty (0 bytes), so there is nothing to index.', {
      reason: 'empty',
    })
  }
  const mark = byteOrderMark(bytes)
  const body = mark === undefined ? bytes : bytes.subarray(mark.length)
  if (options.encoding !== undefined) {
    // A mark of another encoding is content there: the caller's word stands.
    return decoded(mark?.encoding === options.encoding ? body : bytes, options.encoding)
  }
  if (mark !== undefined) return decoded(body, mark.encoding)
  const controls = controlBytes(bytes)
  // Without one there are no zero bytes either, which wide encodings are known by.
  const wide = controls === 0 ? undefined : wideEncoding(bytes)
  if (wide !== undefined) return decoded(bytes, wide)
  if (looksBinary(bytes, controls)) {
    throw loadFailed(
      options.uri,
      'the content is binary, not text. Exclude the file, or give a format that reads it.',
      { reason: 'binary' },
    )
  }
  const told = knownEncoding(options.charset)
  if (told !== undefined && told !== 'utf-8') {
    const text = decodeStrictly(bytes, told)
    if (text !== undefined) return { text, encoding: told, invalidBytes: 0 }
  }
  return sniffed(bytes, told === 'utf-8' ? undefined : told)
}

/** `told` was not valid throughout, so UTF-8 is tried first; a told encoding with errors is still better than a guess. */
function sniffed(bytes: Uint8Array, told: string | undefined): Decoded {
  const text = decodeStrictly(bytes, 'utf-8')
  if (text !== undefined) return seven(bytes, text)
  const { sequences, invalid } = utf8Evidence(bytes)
  if (sequences >= 4 * invalid)
    return { text: decodeAs(bytes, 'utf-8'), encoding: 'utf-8', invalidBytes: invalid }
  return decoded(bytes, told ?? legacyEncoding(bytes))
}

/** ISO-2022-JP is pure ASCII on the wire and switches character sets with escape sequences. */
function seven(bytes: Uint8Array, text: string): Decoded {
  if (text.includes('\x1b$B') || text.includes('\x1b$@')) {
    const japanese = decodeStrictly(bytes, 'iso-2022-jp')
    if (japanese !== undefined) return { text: japanese, encoding: 'iso-2022-jp', invalidBytes: 0 }
  }
  return { text, encoding: 'utf-8', invalidBytes: 0 }
}

function decoded(bytes: Uint8Array, encoding: string): Decoded {
  const strict = encoding.startsWith('utf-32') ? undefined : decodeStrictly(bytes, encoding)
  if (strict !== undefined) return { text: strict, encoding, invalidBytes: 0 }
  const text = decodeAs(bytes, encoding)
  return { text, encoding, invalidBytes: countReplacements(text) }
}

function countReplacements(text: string): number {
  let count = 0
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', at + 1)) count++
  return count
}

/** What a document's metadata says about decoding: nothing for clean UTF-8. */
export function encodingMetadata(decoded: Decoded): { [key: string]: string | number } {
  const metadata: { [key: string]: string | number } = {}
  if (decoded.encoding !== 'utf-8') metadata.encoding = decoded.encoding
  if (decoded.invalidBytes > 0) metadata.invalidBytes = decoded.invalidBytes
  return metadata
}
