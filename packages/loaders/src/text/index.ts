import type { Mark } from '@tesserae/core'
import { type Format, loadFailed } from '../format.js'
import { decodeText, encodingMetadata } from './decode.js'
import { encodingName } from './encoding.js'
import { TEXT_EXTENSIONS } from './extensions.js'

export interface TextFormatOptions {
  /** Encoding of every file, as a label that `TextDecoder` knows, `utf-32le` or `utf-32be`. @default found by looking at the bytes */
  readonly encoding?: string | undefined
  /** File name endings read as plain text. @default text, tabular, configuration and source code endings, and names without one */
  readonly extensions?: readonly string[] | undefined
}

/**
 * Plain text: the document's text is the decoded file as it is, only a byte order mark is removed.
 * Form feeds separate pages and become page marks.
 * @throws RagError `invalid-argument` for an unknown encoding.
 */
export function textFormat(options: TextFormatOptions = {}): Format {
  const encoding = options.encoding === undefined ? undefined : encodingName('encoding', options.encoding)
  return {
    name: 'text',
    extensions: options.extensions ?? TEXT_EXTENSIONS,
    mediaTypes: ['text/plain', 'text/csv', 'text/tab-separated-values', 'application/json'],
    async parse(source, call) {
      call?.signal?.throwIfAborted()
      const decoded = decodeText(source.bytes, { uri: source.uri, encoding, charset: source.charset })
      requireContent(decoded.text, source.uri)
      return {
        text: decoded.text,
        marks: formFeedPages(decoded.text),
        metadata: encodingMetadata(decoded),
      }
    },
  }
}

/** @throws RagError `load-failed` with reason `empty` for text of blanks only: it would silently give no chunk. */
export function requireContent(text: string, uri: string): void {
  if (!/\S/.test(text)) {
    throw loadFailed(uri, 'the file holds only blanks, so there is nothing to index.', { reason: 'empty' })
  }
}

/** More form feeds than any document has pages are not page breaks; it also bounds memory. */
const MAX_PAGES = 100_000

function formFeedPages(text: string): Mark[] {
  const marks: Mark[] = []
  let start = 0
  for (let at = text.indexOf('\f'); at >= 0; at = text.indexOf('\f', start)) {
    if (marks.length === MAX_PAGES) return []
    marks.push({ kind: 'page', start, end: at + 1, label: String(marks.length + 1) })
    start = at + 1
  }
  if (marks.length > 0 && start < text.length) {
    marks.push({ kind: 'page', start, end: text.length, label: String(marks.length + 1) })
  }
  return marks
}
