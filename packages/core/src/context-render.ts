import { safeCutBefore } from './boundaries.js'
import type { Citation, CitationConflict, CitationSource } from './citations.js'
import type { Conflict } from './context-conflicts.js'
import { escapeMarkers, escapeTags, oneLine } from './context-escape.js'
import { type ContextOrder, type Passage, shownOf, shownText } from './context-passages.js'
import type { Metadata } from './document.js'
import type { Hit } from './retriever.js'
import type { Span } from './span.js'
import type { Tokenizer } from './tokenizer.js'

/** What a passage's description may be made of. */
export type DescribedPassage = Pick<Citation, 'documentId' | 'uri' | 'page' | 'headings'>

/** The options of a context, checked. */
export interface Settings {
  readonly maxTokens: number
  readonly order: ContextOrder
  readonly separator: string
  readonly format: 'bracket' | 'tag'
  readonly describe: (passage: DescribedPassage) => string
  readonly oversize: 'cut' | 'omit'
  readonly tokenizer: Tokenizer
  readonly duplicates: number
  readonly maxPerDocument: number
  readonly diversity: number
  readonly count: (text: string) => number
  /** By chunk id. */
  readonly conflicts: ReadonlyMap<string, readonly Conflict[]>
}

/** Stands in the line above a passage whose words are not the source's. */
const rewrittenNote = '(a summary, not the words of the source)'

/** Hits that say the same as a hit that is shown. */
export type Twins<M extends Metadata = Metadata> = ReadonlyMap<Hit<M>, readonly Hit<M>[]>

/** Headings and page. */
export function describePassage({ headings, page }: DescribedPassage): string {
  const titles = headings.join(' › ')
  if (page === undefined) return titles
  return titles === '' ? `Page ${page}` : `${titles} (page ${page})`
}

export interface Rendered {
  readonly text: string
  /** Place of the passage's own text in it. */
  readonly body: Span
}

/** Numbers of the citations that show the chunks, by chunk id; undefined for one that is not shown. */
type NumberOf = (chunkId: string) => number | undefined

/**
 * A passage as it stands in the context.
 *
 * @param numberOf by default every other passage is taken for one that is not shown, which is said in more words
 */
export function render<M extends Metadata>(
  passage: Passage<M>,
  number: number,
  settings: Settings,
  same: Twins<M>,
  numberOf: NumberOf = () => undefined,
): Rendered {
  const { documentId, uri, page, headings } = firstChunk(passage)
  const harmless = (text: string) =>
    settings.format === 'tag' ? escapeTags(escapeMarkers(text)) : escapeMarkers(text)
  const own = settings.describe({ documentId, uri, page, headings })
  const others = new Set(
    passage.hits.flatMap((hit) => (same.get(hit) ?? []).map(({ chunk }) => settings.describe(chunk))),
  )
  const elsewhere = [...others].filter((other) => other !== '' && other !== own)
  const description = harmless(oneLine([own, ...elsewhere].filter((one) => one !== '').join('; also: ')))
  const note = passage.rewritten === undefined ? '' : rewrittenNote
  const differs = conflictNote(conflictsOf(passage, settings, same, numberOf), harmless)
  const line = [description, note, differs].filter((part) => part !== '').join(' ')
  const body = harmless(shownText(passage))
  const marker = `[${number}]`
  const head =
    settings.format === 'tag'
      ? `<passage id="${marker}">\n${line === '' ? '' : `${line}\n`}`
      : line === ''
        ? `${marker} `
        : `${marker} ${line}\n`
  const tail = settings.format === 'tag' ? '\n</passage>' : ''
  return { text: head + body + tail, body: { start: head.length, end: head.length + body.length } }
}

/** All passages, numbered from 1, and what their markers stand for. */
export function compose<M extends Metadata>(
  passages: readonly Passage<M>[],
  settings: Settings,
  same: Twins<M>,
): { text: string; citations: Citation[] } {
  const numbers = new Map<string, number>()
  for (const [place, { hits }] of passages.entries()) {
    for (const hit of hits.flatMap((one) => [one, ...(same.get(one) ?? [])]))
      numbers.set(hit.chunk.id, place + 1)
  }
  const numberOf = (chunkId: string) => numbers.get(chunkId)
  let text = ''
  const citations = passages.map((passage, place): Citation => {
    const number = place + 1
    const rendered = render(passage, number, settings, same, numberOf)
    const conflicts = conflictsOf(passage, settings, same, numberOf)
    if (place > 0) text += settings.separator
    const offset = text.length
    text += rendered.text
    const { uri, page, headings } = firstChunk(passage)
    const chunks = passage.hits.map((hit) => hit.chunk).sort((a, b) => a.start - b.start || a.end - b.end)
    return {
      marker: `[${number}]`,
      number,
      documentId: passage.documentId,
      ...(uri !== undefined && { uri }),
      ...(page !== undefined && { page }),
      pages: [...new Set(chunks.flatMap((chunk) => chunk.page ?? []))],
      start: passage.start,
      end: passage.end,
      text: passage.text,
      headings,
      chunkIds: chunks.map((chunk) => chunk.id),
      score: passage.hits.reduce((best, hit) => Math.max(best, hit.score), Number.NEGATIVE_INFINITY),
      cut: passage.cut,
      shown: shownOf(passage),
      verbatim: passage.rewritten === undefined,
      alsoIn: passage.hits.flatMap((hit) => (same.get(hit) ?? []).map(sourceOf)),
      ...(conflicts.length > 0 && { conflicts }),
      contextSpan: { start: offset + rendered.body.start, end: offset + rendered.body.end },
    }
  })
  return { text, citations }
}

/** What a passage's hits, and those that say the same, may contradict: each chunk once. */
function conflictsOf<M extends Metadata>(
  passage: Passage<M>,
  { conflicts }: Settings,
  same: Twins<M>,
  numberOf: NumberOf,
): readonly CitationConflict[] {
  const found = new Map<string, CitationConflict>()
  if (conflicts.size === 0) return []
  for (const { chunk } of passage.hits.flatMap((hit) => [hit, ...(same.get(hit) ?? [])])) {
    for (const { kind, hits, ages, newer } of conflicts.get(chunk.id) ?? []) {
      const own = hits[0].chunk.id === chunk.id ? 0 : 1
      const other = hits[1 - own]!.chunk
      const number = numberOf(other.id)
      found.set(other.id, {
        kind,
        documentId: other.documentId,
        chunkId: other.id,
        ...(number !== undefined && { number }),
        ...(newer !== undefined && { newer: newer !== own }),
        ...(ages !== undefined && { ages: own === 0 ? ages : [ages[1], ages[0]] }),
      })
    }
  }
  return [...found.values()]
}

/** Most that is told of a date or a version: it is the document's own words. Code units. */
const longestAge = 40

/** `(of 2022-01-01; [2] is a newer version, of 2026-03-01)`. */
function conflictNote(conflicts: readonly CitationConflict[], harmless: (text: string) => string): string {
  if (conflicts.length === 0) return ''
  const told = (age: string | number) => {
    const line = oneLine(String(age))
    return harmless(line.slice(0, safeCutBefore(line, longestAge)))
  }
  const [own] = conflicts.flatMap(({ ages }) => (ages === undefined ? [] : [ages[0]]))
  const others = conflicts.map(({ kind, number, newer, ages }) => {
    const who = number === undefined ? 'a passage that is not shown' : `[${number}]`
    const age = newer === undefined ? 'another' : newer ? 'a newer' : 'an older'
    const what = kind === 'version' ? `is ${age} version` : 'has other figures'
    return `${who} ${what}${ages === undefined ? '' : `, of ${told(ages[1])}`}`
  })
  return `(${[...(own === undefined ? [] : [`of ${told(own)}`]), ...others].join('; ')})`
}

/** The chunk that starts first speaks for its passage: its page, its headings. */
function firstChunk<M extends Metadata>(passage: Passage<M>) {
  return passage.hits.reduce((first, hit) => (hit.chunk.start < first.chunk.start ? hit : first)).chunk
}

function sourceOf<M extends Metadata>({ chunk, score }: Hit<M>): CitationSource {
  const { id, documentId, uri, page, start, text, headings } = chunk
  return {
    documentId,
    ...(uri !== undefined && { uri }),
    ...(page !== undefined && { page }),
    start,
    end: start + text.length,
    text,
    headings,
    chunkId: id,
    score,
  }
}
