import { checkInteger, checkNumber } from '../../check.js'
import type { ChunkSpan } from '../../chunk.js'
import type { Chunker } from '../../chunker.js'
import type { Document } from '../../document.js'
import { pause } from './wait.js'

export interface FakeChunkerOptions {
  /** Largest chunk, in UTF-16 code units; a surrogate pair or CRLF that would be cut is kept whole. @default 200 */
  readonly maxUnits?: number | undefined
  /** Text put before every chunk. @default none */
  readonly context?: string | undefined
  /** How long a call takes, in milliseconds. @default 0 */
  readonly delayMs?: number | undefined
}

export interface FakeChunker extends Chunker {
  /** Every document split so far. */
  readonly calls: readonly Document[]
}

function insidePair(text: string, offset: number): boolean {
  const before = text.charCodeAt(offset - 1)
  const after = text.charCodeAt(offset)
  const surrogates = before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000
  return surrogates || (before === 0x0d && after === 0x0a)
}

/** The simplest chunker that keeps every law: blanks off both ends, then equal slices moved to the next safe cut. */
export function fakeChunker(options: FakeChunkerOptions = {}): FakeChunker {
  const maxUnits = checkInteger('maxUnits', options.maxUnits ?? 200)
  const delayMs = checkNumber('delayMs', options.delayMs ?? 0, 0)
  const { context } = options
  const calls: Document[] = []
  return {
    id: `fake-chunker:${JSON.stringify({ maxUnits, context })}`,
    calls,
    async split(document, callOptions): Promise<readonly ChunkSpan[]> {
      await pause(delayMs, callOptions?.signal)
      calls.push(document)
      const { text } = document
      const last = text.trimEnd().length
      const spans: ChunkSpan[] = []
      for (let start = text.length - text.trimStart().length; start < last; ) {
        let end = Math.min(start + maxUnits, last)
        if (end < last && insidePair(text, end)) end += end - start > 1 ? -1 : 1
        // `trimEnd` may have cut a CRLF only when both are blank, so the text's last cut is always safe.
        spans.push(context === undefined ? { start, end } : { start, end, context })
        start = end
      }
      return spans
    },
  }
}
