import { runEnd } from './characters.js'
import { destinationEnd, labelEnd, normalizeLabel, titleEnd } from './definitions.js'
import { type Delimiter, delimiterOf, removeEmphasis } from './emphasis.js'
import { decodeReference } from './references.js'

export interface InlineImage {
  readonly start: number
  readonly end: number
  readonly alt: string
}

export interface InlineContent {
  /** What a reader sees: markup removed, links and images as their text, blanks collapsed. */
  readonly text: string
  /** Offsets into the content. */
  readonly images: readonly InlineImage[]
}

interface Bracket {
  readonly image: boolean
  readonly at: number
  readonly part: number
}

const AUTOLINK = /<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*|[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)*)>/y
/** Attribute values are bounded so that tags which never end cost no more than a thousand steps each. */
const TAG =
  /<(?:[A-Za-z][\w-]*(?:\s{1,9}[A-Za-z_:][\w.:-]{0,99}(?:\s{0,9}=\s{0,9}(?:[^\s"'=<>`]{1,999}|'[^']{0,999}'|"[^"]{0,999}"))?){0,99}\s{0,9}\/?|\/[A-Za-z][\w-]*\s{0,9}|!--[^>]{0,999}--)>/y
const PUNCTUATION = /[!-/:-@[-`{-~]/
const SPECIAL = /[\\`<![\]*_&\n]/g
const MAX_ALT_PARTS = 200

/**
 * Reads the inline markup of a heading or paragraph whose lines are joined with `\n`: code, links, images,
 * autolinks, emphasis, escapes, character references. Linear in the length of the content.
 */
export function readInline(content: string, definitions: ReadonlySet<string>): InlineContent {
  if (content.search(SPECIAL) < 0) return { text: collapsed(content), images: [] }
  const parts: string[] = []
  const images: InlineImage[] = []
  const brackets: Bracket[] = []
  const delimiters: Delimiter[] = []
  const missingRuns = new Set<number>()
  // Brackets below this index open no link any more: links do not nest.
  let inactive = 0
  let at = 0
  while (at < content.length) {
    SPECIAL.lastIndex = at
    const found = SPECIAL.exec(content)
    const next = found?.index ?? content.length
    if (next > at) parts.push(content.slice(at, next))
    at = next
    const character = content[at]
    if (character === undefined) break
    if (character === '\\' && PUNCTUATION.test(content[at + 1] ?? '')) {
      parts.push(content[at + 1]!)
      at += 2
    } else if (character === '`') {
      at = readCode(content, at, parts, missingRuns)
    } else if (character === '<') {
      AUTOLINK.lastIndex = at
      TAG.lastIndex = at
      const link = AUTOLINK.exec(content)
      const length = link?.[0].length ?? TAG.exec(content)?.[0].length
      parts.push(link?.[1] ?? (length === undefined ? '<' : ''))
      at += length ?? 1
    } else if (character === '!' && content[at + 1] === '[') {
      brackets.push({ image: true, at, part: parts.length })
      parts.push('![')
      at += 2
    } else if (character === '[') {
      brackets.push({ image: false, at, part: parts.length })
      parts.push('[')
      at++
    } else if (character === ']') {
      const bracket = brackets.pop()
      const usable = bracket !== undefined && (bracket.image || brackets.length >= inactive)
      const end = usable ? linkEnd(content, bracket, at, definitions) : -1
      if (bracket === undefined || end < 0) {
        parts.push(']')
        at++
      } else {
        parts[bracket.part] = ''
        if (bracket.image) images.push({ start: bracket.at, end, alt: altText(parts, bracket.part) })
        else inactive = brackets.length
        at = end
      }
      inactive = Math.min(inactive, brackets.length)
    } else if (character === '*' || character === '_') {
      const end = runEnd(content, at, content.length, character.charCodeAt(0))
      delimiters.push(delimiterOf(content, at, end, parts.length))
      parts.push(content.slice(at, end))
      at = end
    } else if (character === '&') {
      const reference = decodeReference(content, at)
      parts.push(reference?.text ?? '&')
      at = reference?.end ?? at + 1
    } else {
      parts.push(character === '\n' ? ' ' : character)
      at++
    }
  }
  removeEmphasis(delimiters, parts)
  images.sort((a, b) => a.start - b.start)
  return { text: collapsed(parts.join('')), images }
}

/** Runs of blanks become one space, those at the ends nothing. */
function collapsed(text: string): string {
  return /[^\S ]| {2}/.test(text) ? text.replace(/\s+/g, ' ').trim() : text.trim()
}

/** A code span, or the run of backticks itself when nothing closes it. Lengths without a partner are remembered. */
function readCode(content: string, at: number, parts: string[], missing: Set<number>): number {
  const open = runEnd(content, at, content.length, 96)
  const length = open - at
  if (!missing.has(length)) {
    for (let from = content.indexOf('`', open); from >= 0; ) {
      const end = runEnd(content, from, content.length, 96)
      if (end - from === length) {
        const code = content.slice(open, from).replaceAll('\n', ' ')
        parts.push(/^ .*\S.* $/.test(code) ? code.slice(1, -1) : code)
        return end
      }
      from = content.indexOf('`', end)
    }
    missing.add(length)
  }
  parts.push(content.slice(at, open))
  return open
}

/** Offset after the link or image whose text ends with the `]` at `at`, or -1 when it is none. */
function linkEnd(content: string, bracket: Bracket, at: number, definitions: ReadonlySet<string>): number {
  if (content[at + 1] === '(') {
    const end = resourceEnd(content, at + 1)
    if (end >= 0) return end
  }
  const text = bracket.at + (bracket.image ? 2 : 1)
  const end = content[at + 1] === '[' ? labelEnd(content, at + 1) : -1
  if (end >= 0) return definitions.has(normalizeLabel(content.slice(at + 2, end - 1))) ? end : -1
  if (at - text > 999 || !definitions.has(normalizeLabel(content.slice(text, at)))) return -1
  return content.startsWith('[]', at + 1) ? at + 3 : at + 1
}

/** Offset after `(destination "title")`, or -1. */
function resourceEnd(content: string, at: number): number {
  let next = skipWhite(content, at + 1)
  if (content[next] === ')') return next + 1
  next = destinationEnd(content, next)
  if (next < 0) return -1
  const after = skipWhite(content, next)
  if (content[after] === ')') return after + 1
  const title = after > next ? titleEnd(content, after) : -1
  if (title < 0) return -1
  const end = skipWhite(content, title)
  return content[end] === ')' ? end + 1 : -1
}

function skipWhite(content: string, at: number): number {
  let next = at
  while (next < content.length && content.charCodeAt(next) <= 32) next++
  return next
}

function altText(parts: readonly string[], from: number): string {
  return collapsed(parts.slice(from, from + MAX_ALT_PARTS).join(''))
}
