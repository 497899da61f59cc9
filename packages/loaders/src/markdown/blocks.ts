import { isBlankCode, isDigit } from './characters.js'
import type { OpenMark } from './marks.js'

export type BlockType =
  | 'document'
  | 'quote'
  | 'list'
  | 'item'
  | 'paragraph'
  | 'fence'
  | 'indented'
  | 'html'
  | 'table'

/** A block that may still grow. Closed blocks live on as marks only. */
export interface Block {
  readonly type: BlockType
  /** Becomes a mark only for kinds that have one; items and HTML blocks only hand their end to their parents. */
  readonly mark: OpenMark
  /** Item: columns its content is indented by. Fence: columns its content may be indented by. HTML: its kind. */
  readonly size: number
  /** List: bullet or delimiter. Fence: its character. */
  readonly character: string
  /** Fence: length of its opening run. */
  readonly length: number
  /** Whether no child was added yet. */
  empty: boolean
  /** Paragraph: start and end offset of each line, without container prefixes and leading blanks. */
  readonly lines: number[]
}

const KINDS: { readonly [T in BlockType]?: OpenMark['kind'] } = {
  quote: 'quote',
  list: 'list',
  paragraph: 'paragraph',
  fence: 'code',
  indented: 'code',
  table: 'table',
}

export function newBlock(type: BlockType, start: number, size = 0, character = '', length = 0): Block {
  const mark: OpenMark = { kind: KINDS[type], start, end: start, level: undefined, label: undefined }
  return { type, mark, size, character, length, empty: true, lines: [] }
}

export interface ListMarker {
  /** Bullet, or the delimiter after the number: lists of different ones do not join. */
  readonly character: string
  readonly length: number
  readonly number: number | undefined
}

const MOST_DIGITS = 9

/** The list marker at `at`, followed by a blank or the end of the line. */
export function listMarker(text: string, at: number, lineEnd: number): ListMarker | undefined {
  let end = at
  while (end < lineEnd && isDigit(text.charCodeAt(end))) end++
  const digits = end - at
  const character = text.charAt(end)
  const isMarker =
    digits === 0
      ? character === '-' || character === '*' || character === '+'
      : digits <= MOST_DIGITS && (character === '.' || character === ')')
  if (!isMarker || (end + 1 < lineEnd && !isBlankCode(text.charCodeAt(end + 1)))) return undefined
  return { character, length: digits + 1, number: digits === 0 ? undefined : Number(text.slice(at, end)) }
}
