import type { Document, Mark } from '../../document.js'
import { isRagError } from '../../errors.js'
import type { Loaded } from '../../loader.js'
import { broken } from '../law.js'
import { cutsPair } from './chunker-rules.js'

const kinds: ReadonlySet<string> = new Set([
  'heading',
  'page',
  'paragraph',
  'list',
  'table',
  'row',
  'code',
  'quote',
  'image',
])

/** An item is a document with an id and text, or a failure with a URI and an error of this library. */
export function checkItem(item: Loaded): void {
  if (item.type === 'failure') {
    if (typeof item.uri !== 'string' || item.uri === '')
      broken('a failure does not say which file failed', { actual: item.uri })
    if (!isRagError(item.error)) broken('the error of a failure is no RagError', { actual: item.error })
    return
  }
  const { document } = item
  if (typeof document.id !== 'string' || document.id === '')
    broken('a document has no id', { actual: document.id })
  if (typeof document.text !== 'string')
    broken('the text of a document is no string', { actual: document.text })
  checkMetadata(document)
}

function checkMetadata({ id, metadata }: Document): void {
  for (const [key, value] of Object.entries(metadata)) {
    const plain =
      value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
    const list =
      Array.isArray(value) &&
      (value.every((item) => typeof item === 'string') || value.every((item) => Number.isFinite(item)))
    if (!plain && !list)
      broken(`metadata of document "${id}" has a value of no allowed type in "${key}"`, { actual: value })
  }
}

/** Marks are sorted by start, inside the text, cut no character, and any two nest or are disjoint. */
export function checkMarks({ text, marks }: Document): void {
  let open: Mark[] = []
  let last = 0
  for (const mark of marks) {
    const { start, end } = mark
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > text.length)
      broken('a mark is out of bounds', { text, expected: `0 ≤ start ≤ end ≤ ${text.length}`, actual: mark })
    if (start < last)
      broken('marks are not sorted by start', { text, expected: `a start of at least ${last}`, actual: mark })
    if (cutsPair(text, start) || cutsPair(text, end))
      broken('a mark cuts a surrogate pair or a CRLF', { text, actual: mark })
    open = open.filter((outer) => outer.end > start)
    const crossed = open.find((outer) => outer.start < start && outer.end < end)
    if (crossed) broken('two marks overlap without nesting', { text, actual: [crossed, mark] })
    open.push(mark)
    last = start
  }
}

/** Kind, level, label, box and confidence of a mark have allowed values. */
export function checkMarkFields({ text, marks }: Document): void {
  for (const mark of marks) {
    const { kind, level, label, box, confidence } = mark
    if (!kinds.has(kind)) broken('a mark has an unknown kind', { text, actual: mark })
    if (
      kind === 'heading'
        ? !Number.isInteger(level) || level! < 1
        : level !== undefined && !Number.isInteger(level)
    )
      broken('a level is not an integer from 1', { text, actual: mark })
    if (label !== undefined && typeof label !== 'string')
      broken('a label is no string', { text, actual: mark })
    if (box !== undefined && !(box.length === 4 && box.every(Number.isFinite) && box[2] >= 0 && box[3] >= 0))
      broken('a box is not [x, y, width, height] in points', { text, actual: mark })
    if (confidence !== undefined && !(confidence >= 0 && confidence <= 1))
      broken('a confidence is not from 0 to 1', { text, actual: mark })
  }
}
