import { invalid } from './check.js'
import { codeSpans, type FoundMarker, findMarkers } from './citation-markers.js'
import type { Span } from './span.js'

/** What a marker in the context stands for. Offsets and text are the source's own, exactly. */
export interface Citation {
  /** As it stands in the context and is expected in the answer: `[1]`. */
  readonly marker: string
  readonly number: number
  readonly documentId: string
  readonly uri?: string | undefined
  /** Page where the passage starts. */
  readonly page?: string | undefined
  /** Pages where the chunks of the passage start, each once, in the order of the document. */
  readonly pages: readonly string[]
  /** Place in the document's text. */
  readonly start: number
  readonly end: number
  /** `document.text.slice(start, end)`, before anything was escaped for the context. */
  readonly text: string
  readonly headings: readonly string[]
  /** The chunks that the passage was made of, in the order of the document. */
  readonly chunkIds: readonly string[]
  /** The best score among them. */
  readonly score: number
  /** True when the passage was too long and only its beginning was kept. */
  readonly cut: boolean
  /** Place of the passage's (escaped) text in the context. */
  readonly contextSpan: Span
  /** Places in the document that the context shows; between them something was left out. None when rewritten. */
  readonly shown: readonly Span[]
  /** False when the context shows somebody's words about the passage instead of its own. */
  readonly verbatim: boolean
  /** Other places that say the same and are not shown again, the best first. */
  readonly alsoIn: readonly CitationSource[]
  /** Passages of other documents that it may contradict; there when `assembleContext` was asked to look for them. */
  readonly conflicts?: readonly CitationConflict[] | undefined
}

/** Another passage that may not hold together with a citation's. */
export interface CitationConflict {
  /** `version`: it is another version. `figures`: a like sentence has other figures. */
  readonly kind: 'version' | 'figures'
  readonly documentId: string
  readonly chunkId: string
  /** Of the citation that shows it; undefined when there was no room for it. */
  readonly number?: number | undefined
  /** Whether it is newer than the citation's passage; undefined when that is not known. */
  readonly newer?: boolean | undefined
  /** Version or date of the citation's own passage, and of the other. */
  readonly ages?: readonly [own: string | number, other: string | number] | undefined
}

/** A place in a document. */
export interface CitationSource {
  readonly documentId: string
  readonly uri?: string | undefined
  readonly page?: string | undefined
  readonly start: number
  readonly end: number
  readonly text: string
  readonly headings: readonly string[]
  readonly chunkId: string
  readonly score: number
}

export interface UsedCitation {
  readonly citation: Citation
  /** Every place in the answer with a marker that names it. */
  readonly spans: readonly Span[]
}

export interface UnknownMarker extends Span {
  /** As it stands in the answer. */
  readonly marker: string
}

export interface ReadCitations {
  /** In the order in which the answer first names them. */
  readonly used: readonly UsedCitation[]
  /** Markers with at least one number that was not given. */
  readonly unknown: readonly UnknownMarker[]
  readonly unused: readonly Citation[]
}

/**
 * Finds the citations in an answer: `[1]`, `[1, 3]`, `[2-4]`, `[1; 3–5]`, also right after a word and one after
 * the other (`[1][2]`). Not taken for citations: Markdown links `[1](…)`, link definitions `[1]: …` at the
 * beginning of a line, brackets escaped as `\[1]`, and anything in code spans and fenced code.
 * A range counts for the given citations inside it and is unknown as well if it names others.
 * Takes time proportional to the answer, whatever is in it.
 */
export function readCitations(answer: string, citations: readonly Citation[]): ReadCitations {
  if (typeof answer !== 'string') invalid('answer', 'a string', answer)
  const byNumber = new Map(citations.map((citation) => [citation.number, citation]))
  const numbers = [...byNumber.keys()].sort((a, b) => a - b)
  const used = new Map<number, Span[]>()
  const unknown: UnknownMarker[] = []
  const code = codeSpans(answer)
  let nextCode = 0
  for (const found of findMarkers(answer)) {
    while (nextCode < code.length && code[nextCode]!.end <= found.start) nextCode += 1
    const inCode = nextCode < code.length && code[nextCode]!.start < found.end
    if (inCode || isLink(answer, found)) continue
    const { start, end } = found
    const { known, complete } = resolve(found, numbers)
    if (!complete) unknown.push({ marker: answer.slice(start, end), start, end })
    for (const number of known) {
      const spans = used.get(number)
      if (spans === undefined) used.set(number, [{ start, end }])
      else spans.push({ start, end })
    }
  }
  return {
    used: [...used].map(([number, spans]) => ({ citation: byNumber.get(number)!, spans })),
    unknown,
    unused: citations.filter((citation) => !used.has(citation.number)),
  }
}

/** The given numbers that a marker names, each once, and whether it names no other. */
function resolve(found: FoundMarker, numbers: readonly number[]): { known: Set<number>; complete: boolean } {
  const known = new Set<number>()
  let complete = true
  for (const { from, to } of found.items) {
    let inside = 0
    for (let place = firstAtLeast(numbers, from); place < numbers.length; place++) {
      if (numbers[place]! > to) break
      known.add(numbers[place]!)
      inside += 1
    }
    if (inside !== to - from + 1) complete = false
  }
  return { known, complete }
}

function firstAtLeast(numbers: readonly number[], least: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numbers[middle]! < least) low = middle + 1
    else high = middle
  }
  return low
}

/** `[1](…)`, or `[1]:` after at most three blanks at the beginning of a line. */
function isLink(answer: string, found: Span): boolean {
  const next = answer[found.end]
  if (next === '(') return true
  if (next !== ':') return false
  let lineStart = found.start
  while (found.start - lineStart < 3 && answer[lineStart - 1] === ' ') lineStart -= 1
  return lineStart === 0 || answer[lineStart - 1] === '\n'
}
