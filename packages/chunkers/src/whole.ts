import type { Chunker } from '@tesserae/core'
import { characterClasses, skipBlanks, trimBlanks } from './internal/classes.js'

/**
 * No chunking: the whole document, without the blanks around it, is one chunk, however long. The only chunker
 * here without a cap: use it for documents that are known to be short.
 */
export function wholeChunker(): Chunker {
  return {
    id: 'whole',
    async split(document, call = {}) {
      call.signal?.throwIfAborted()
      const { text } = document
      const start = skipBlanks(text, 0, text.length, characterClasses())
      const end = trimBlanks(text, start, text.length, characterClasses())
      return start < end ? [{ start, end }] : []
    },
  }
}
