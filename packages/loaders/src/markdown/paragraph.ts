import type { Block } from './blocks.js'
import { isBlankCode, skipBlanks, trimBlanks } from './characters.js'
import { readDefinition } from './definitions.js'
import { joinLines } from './inline-marks.js'

const HASH = 35

/** Start and end of what an ATX heading says: without blanks around it and without closing hashes. */
export function headingContent(text: string, from: number, lineEnd: number): readonly [number, number] {
  const start = skipBlanks(text, from, lineEnd)
  const end = trimBlanks(text, start, lineEnd)
  let closing = end
  while (closing > start && text.charCodeAt(closing - 1) === HASH) closing--
  const closes = closing === start || isBlankCode(text.charCodeAt(closing - 1))
  return [start, closes ? trimBlanks(text, start, closing) : end]
}

/**
 * Takes the link reference definitions at the start of a paragraph out of it: they are no content, so it
 * begins after them, and a paragraph of nothing else has no mark.
 */
export function takeDefinitions(text: string, paragraph: Block, definitions: Set<string>): void {
  const { lines, mark } = paragraph
  if (lines.length === 0 || text[lines[0]!] !== '[') return
  const content = joinLines(text, lines)
  let at = 0
  let definition = readDefinition(content, at)
  while (definition !== undefined) {
    definitions.add(definition.label)
    at = definition.end
    definition = readDefinition(content, at)
  }
  let taken = 0
  for (let passed = 0; taken < lines.length && passed < at; taken += 2) {
    passed += lines[taken + 1]! - lines[taken]! + 1
  }
  if (taken === 0) return
  lines.splice(0, taken)
  if (lines.length > 0) mark.start = lines[0]!
  else mark.kind = undefined
}
