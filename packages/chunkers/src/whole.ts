import type { Chunker } from '@tesserae/core'
import { characterClasses, skipBlanks, trimBlanks } from './internal/classes.js'
import { makeChunker } from './internal/make-chunker.js'

/**
 * No chunking: the whole document, without the blanks around it, is one chunk, however long. The only chunker
 * here without a cap: use it for documents that are known to be short.
 */
export function wholeChunker(): Chunker {
  return makeChunker('whole', async ({ text }) => {
    const classes = characterClasses()
    const start = skipBlanks(text, 0, text.length, classes)
    const end = trimBlanks(text, start, text.length, classes)
    return start < end ? [{ start, end }] : []
  })
}
