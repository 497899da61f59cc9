import { safeCutBefore } from '@tesserae/core'
import { fieldOf } from './read-json.js'

/** Control characters, those that turn the writing direction, and others that are not seen. */
const unseen = /[\p{Cc}\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+/gu

/** A model's words as one line of plain text of at most `maxLength` code units. */
export function cleanLine(text: string, maxLength: number): string {
  const line = text
    .slice(0, 4 * maxLength)
    .replace(unseen, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
  return line.slice(0, safeCutBefore(line, maxLength)).trim()
}

/** For comparing: case and blanks do not matter. */
export function sameKey(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{P}]+/gu, ' ')
    .trim()
}

/**
 * The texts in a list that a model gave, at most `max` of them: strings, or objects with a string under one of these
 * names. Cleaned; empty ones, repetitions and those in `known` left out. Undefined for what is no list.
 */
export function readLines(
  value: unknown,
  names: readonly string[],
  { max, maxLength, known = [] }: { max: number; maxLength: number; known?: readonly string[] },
): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined
  const seen = new Set(known.map(sameKey))
  const lines: string[] = []
  for (const item of value.slice(0, 1000) as readonly unknown[]) {
    if (lines.length >= max) break
    const text = typeof item === 'string' ? item : names.map((name) => fieldOf(item, name)).find(isString)
    if (text === undefined) continue
    const line = cleanLine(text, maxLength)
    const key = sameKey(line)
    if (key === '' || seen.has(key)) continue
    seen.add(key)
    lines.push(line)
  }
  return lines
}

/** One text that a model gave; undefined when it is none or blank. */
export function readLine(value: unknown, maxLength: number): string | undefined {
  return isString(value) ? cleanLine(value, maxLength) || undefined : undefined
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}
