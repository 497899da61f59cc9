import { invalid } from '@tesserae/core'
import {
  checkLexicalQuery,
  LARGEST_SLOP,
  type LexicalClause,
  type LexicalQuery,
  type Occurrence,
} from './lexical-query.js'

export interface ParseQueryOptions {
  /** Names that `name:word` may begin with; any other name is text. @default none */
  readonly fields?: readonly string[] | undefined
}

/** Clauses with an operator beyond this many are read as plain text, so that no query is expensive. */
const MAX_OPERATORS = 32

const blank = /\s/
/** Opening quotes and what closes them. */
const quotes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['“', '”'],
  ['„', '“'],
  ['«', '»'],
])

/**
 * Reads what people type into a search box. Never throws on a string, whatever is in it: what is no operator is text.
 *
 * - `"exact phrase"`: required, `"exact phrase"~3` with up to three other words between
 * - `+word` required, `-word` and `-"a phrase"` forbidden
 * - `word*`: terms that begin so; `word~`, `word~1`, `word~2`: terms spelled like it
 * - `title:word`, `title:"a phrase"`: for the names in `fields`
 * - anything else: words, of which more is better
 */
export function parseLexicalQuery(text: string, options: ParseQueryOptions = {}): LexicalQuery {
  if (typeof text !== 'string') invalid('text', 'a string', text)
  const fields = new Set(options.fields ?? [])
  const clauses: LexicalClause[] = []
  let plain: string[] = []
  let operators = 0
  const flush = () => {
    if (plain.length > 0) clauses.push({ type: 'text', text: plain.join(' ') })
    plain = []
  }
  let offset = 0
  while (offset < text.length) {
    if (blank.test(text[offset]!)) {
      offset++
      continue
    }
    const { clause, end } = readClause(text, offset, fields)
    offset = end
    const isPlain = clause.type === 'text' && clause.occur === undefined && clause.field === undefined
    if (isPlain || operators === MAX_OPERATORS) plain.push(clause.text)
    else {
      flush()
      clauses.push(clause)
      operators++
    }
  }
  flush()
  return { clauses }
}

/** A query as data, however it comes. */
export function readQuery(
  query: string | LexicalQuery,
  syntax: 'words' | 'operators',
  fields: readonly string[] | undefined,
): LexicalQuery {
  if (typeof query !== 'string') return checkLexicalQuery(query)
  return syntax === 'words'
    ? { clauses: [{ type: 'text', text: query }] }
    : parseLexicalQuery(query, { fields })
}

/** Reads one clause from `start`, which is no blank. Always gets on. */
function readClause(
  text: string,
  start: number,
  fields: ReadonlySet<string>,
): { clause: LexicalClause; end: number } {
  let offset = start
  const sign = text[offset]
  let occur: Occurrence | undefined
  if ((sign === '+' || sign === '-') && offset + 1 < text.length && !blank.test(text[offset + 1]!)) {
    occur = sign === '+' ? 'must' : 'not'
    offset++
  }
  const field = fieldAt(text, offset, fields)
  if (field !== undefined) offset += field.length + 1
  const closing = quotes.get(text[offset]!)
  const close = closing === undefined ? -1 : text.indexOf(closing, offset + 1)
  if (close >= 0) {
    const { slop, end } = slopAt(text, close + 1)
    const phrase = text.slice(offset + 1, close)
    return {
      clause: {
        type: 'phrase',
        text: phrase,
        occur: occur ?? 'must',
        ...(field && { field }),
        ...(slop > 0 && { slop }),
      },
      end,
    }
  }
  let end = offset
  while (end < text.length && !blank.test(text[end]!)) end++
  const word = text.slice(offset, end)
  return { clause: wordClause(word, { ...(occur && { occur }), ...(field && { field }) }), end }
}

function wordClause(
  word: string,
  rest: { readonly occur?: Occurrence; readonly field?: string },
): LexicalClause {
  const fuzzy = /^(.+)~([012]?)$/su.exec(word)
  if (fuzzy !== null) {
    const edits = fuzzy[2] === '' ? {} : { maxEdits: Number(fuzzy[2]) }
    return { type: 'fuzzy', text: fuzzy[1]!, ...edits, ...rest }
  }
  if (word.length > 1 && word.endsWith('*')) return { type: 'prefix', text: word.slice(0, -1), ...rest }
  return { type: 'text', text: word, ...rest }
}

/** A known name before a colon that something follows. */
function fieldAt(text: string, offset: number, fields: ReadonlySet<string>): string | undefined {
  for (const field of fields) {
    const next = text[offset + field.length + 1]
    if (text.startsWith(`${field}:`, offset) && next !== undefined && !blank.test(next)) return field
  }
  return undefined
}

function slopAt(text: string, offset: number): { slop: number; end: number } {
  const digits = text[offset] === '~' ? /^\d{1,3}/.exec(text.slice(offset + 1, offset + 4))?.[0] : undefined
  if (digits === undefined) return { slop: 0, end: offset }
  return { slop: Math.min(Number(digits), LARGEST_SLOP), end: offset + 1 + digits.length }
}
