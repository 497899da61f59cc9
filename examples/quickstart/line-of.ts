import { readFile } from 'node:fs/promises'
import { lineIndex, originSpan, type Span } from '@tesserae/core'
import { files } from '@tesserae/loaders'

/**
 * The line of the user's file where a passage starts: the file is read again, and a passage of a format that
 * extracts its text (HTML) is led back to its source. Null when the file is gone or has changed.
 */
export async function lineOf(
  path: string,
  passage: Span & { readonly text: string },
): Promise<number | null> {
  for await (const loaded of files([path]).load()) {
    if (loaded.type === 'failure') return null
    const { document } = loaded
    if (document.text.slice(passage.start, passage.end) !== passage.text) return null
    if (document.origin === undefined) return lineIndex(document.text).lineOf(passage.start)
    const encoding = document.metadata.encoding
    const decoder = new TextDecoder(typeof encoding === 'string' ? encoding : 'utf-8')
    return lineIndex(decoder.decode(await readFile(path))).lineOf(originSpan(document, passage).start)
  }
  return null
}
