import { OriginRuns } from './origin-runs.js'
import type { TracedText } from './traced-text.js'
import type { HtmlNode } from './tree.js'

/** Finds where the text of a node lies in the source it was parsed from. */
export type NodeTracer = (node: HtmlNode) => TracedText

/**
 * The parser tells where a text node begins and ends, and decodes its character references. A node that is
 * shorter than its source holds references, or end tags that close nothing, which the parser leaves out:
 * there the source is read again beside the text. `decode` is the parser applied to text without tags.
 */
export function nodeTracer(source: string, decode: (text: string) => string): NodeTracer {
  let references: References | undefined
  return (node) => {
    const text = node.data ?? ''
    const end = (node.endIndex ?? -1) + 1
    const start = textStart(source, node.startIndex ?? 0)
    if (end - start === text.length && source.startsWith(text, start)) return { text, start, runs: undefined }
    references ??= readReferences(source, decode)
    const runs = align(source, start, end, text, references)
    if (runs !== undefined) return { text, start, runs }
    const tail = end - text.length
    // Of a tag that the file ends in, the parser shows the last characters, whatever its index says.
    if (end === source.length && source.startsWith(text, tail)) return { text, start: tail, runs: undefined }
    return { text, start, runs: asWhole(text, start, end) }
  }
}

/** After an end tag with blanks or attributes, the parser's index lies inside of that tag. */
function textStart(source: string, start: number): number {
  if (start === 0 || source[start - 1] === '>') return start
  const tagEnd = source.indexOf('>', start)
  return tagEnd < 0 ? start : tagEnd + 1
}

/** When the two cannot be read side by side: nothing is known but the node. */
function asWhole(text: string, start: number, end: number): OriginRuns {
  const runs = new OriginRuns(start)
  // Of equal length it would be read as a copy.
  if (end - start === text.length) runs.add(1, 0)
  runs.add(text.length - runs.length, Math.max(0, end - start))
  return runs
}

/** Reads text and source side by side; `undefined` when they do not agree. */
function align(
  source: string,
  start: number,
  end: number,
  text: string,
  references: References,
): OriginRuns | undefined {
  const runs = new OriginRuns(start)
  let at = start
  let done = 0
  while (done < text.length) {
    const plain = plainEnd(source, at, end)
    if (plain > at) {
      if (!text.startsWith(source.slice(at, plain), done)) return undefined
      runs.add(plain - at, plain - at)
      done += plain - at
      at = plain
    }
    if (at >= end) break
    const reference = source[at] === '&' ? referenceAt(references, source, at) : undefined
    const tag = source[at] === '<' ? unmatchedTagLength(source, at) : 0
    if (source[at] === '<' && tag === 0 && opensMarkup(source, at)) {
      // Markup that the file ends in: of it, the parser shows no more than an end as it is.
      const rest = text.length - done
      if (!source.startsWith(text.slice(done), end - rest) || end - rest < at) return undefined
      runs.add(0, end - rest - at)
      runs.add(rest, rest)
      return runs
    }
    const length = reference?.length ?? (tag > 0 ? tag : 1)
    const shown = reference?.shown ?? (tag > 0 ? '' : source[at]!)
    if (!text.startsWith(shown, done)) return undefined
    runs.add(shown.length, length)
    done += shown.length
    at += length
  }
  return done === text.length && at === end ? runs : undefined
}

/** Index of the next `<` or `&`, or `end`. */
function plainEnd(source: string, from: number, end: number): number {
  let at = from
  for (; at < end; at++) {
    const code = source.charCodeAt(at)
    if (code === 0x3c || code === 0x26) break
  }
  return at
}

/** Length of the end tag at `at`: in the middle of a text node it is one that closes nothing. 0 when there is none. */
function unmatchedTagLength(source: string, at: number): number {
  if (source[at + 1] !== '/') return 0
  const name = afterBlanks(source, at + 2)
  return /[A-Za-z]/.test(source[name] ?? '') ? Math.max(0, source.indexOf('>', name) + 1 - at) : 0
}

/** Whether the `<` at `at` is not text. */
function opensMarkup(source: string, at: number): boolean {
  const next = source[at + 1] ?? ''
  if (next !== '/') return /[!?A-Za-z]/.test(next)
  const name = afterBlanks(source, at + 2)
  return name < source.length && source[name] !== '>'
}

function afterBlanks(source: string, from: number): number {
  let at = from
  while (/[ \t\n\f\r]/.test(source[at] ?? '')) at++
  return at
}

interface Reference {
  /** Characters of the source. */
  readonly length: number
  /** What it stands for. */
  readonly shown: string
}

type References = ReadonlyMap<string, Reference>

/** What may be a character reference, and letters behind it: names without a semicolon end inside of a word. */
const REFERENCE = /&(?:#[xX]?[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]{0,31});?/

/** All references of a page, decoded by the parser itself in one go: no table of names here. */
function readReferences(source: string, decode: (text: string) => string): References {
  const candidates = [...new Set(source.match(new RegExp(REFERENCE, 'g')))]
  // No reference stands for NUL.
  const decoded = decode(candidates.map((candidate) => `${candidate}\0`).join('')).split('\0')
  const references = new Map<string, Reference>()
  for (const [index, candidate] of candidates.entries()) {
    const text = decoded[index] ?? candidate
    if (text === candidate) continue
    // What stands behind the reference is the same in both.
    let rest = 0
    while (rest < text.length - 1 && text.at(-1 - rest) === candidate.at(-1 - rest)) rest++
    references.set(candidate, { length: candidate.length - rest, shown: text.slice(0, text.length - rest) })
  }
  return references
}

const REFERENCE_HERE = new RegExp(REFERENCE, 'y')

function referenceAt(references: References, source: string, at: number): Reference | undefined {
  REFERENCE_HERE.lastIndex = at
  const candidate = REFERENCE_HERE.exec(source)?.[0]
  return candidate === undefined ? undefined : references.get(candidate)
}
