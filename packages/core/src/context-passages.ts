import type { Metadata } from './document.js'
import type { Hit } from './retriever.js'
import type { Span } from './span.js'

/** A piece of a document: its place and exactly what stands there. */
export interface Piece extends Span {
  readonly documentId: string
  readonly text: string
  /** Places in the document that are shown of it, sorted and apart. @default all of it */
  readonly shown?: readonly Span[] | undefined
  /** Shown instead of the text: somebody's words about it. @default its own words */
  readonly rewritten?: string | undefined
}

/** Pieces of a document that overlap or touch, merged, with the hits that they came from, best first. */
export interface Passage<M extends Metadata = Metadata> extends Piece {
  /** Place of the best of them in the list of hits. */
  readonly rank: number
  readonly hits: readonly Hit<M>[]
  readonly cut: boolean
}

/**
 * Adds a piece, merged with every passage of its document that it overlaps or touches. Text is put together by
 * offsets; passages whose common part does not say the same (chunks of two versions of a document) stay apart, and
 * so does what was rewritten.
 */
export function addPiece<M extends Metadata>(
  passages: readonly Passage<M>[],
  piece: Piece,
  hit: Hit<M>,
  rank: number,
): Passage<M>[] {
  let merged: Passage<M> = { ...piece, rank, hits: [hit], cut: false }
  const apart: Passage<M>[] = []
  // In the order of the document, so that a chain of passages is picked up in one go.
  for (const passage of passages.toSorted((a, b) => a.start - b.start)) {
    const joined = passage.documentId === piece.documentId ? join(passage, merged) : undefined
    if (joined === undefined) apart.push(passage)
    else merged = joined
  }
  return [...apart, merged]
}

function join<M extends Metadata>(a: Passage<M>, b: Passage<M>): Passage<M> | undefined {
  if (a.rewritten !== undefined || b.rewritten !== undefined) return undefined
  const [first, second] = a.start <= b.start ? [a, b] : [b, a]
  if (second.start > first.end) return undefined
  const overlap = Math.min(first.end, second.end) - second.start
  const offset = second.start - first.start
  if (first.text.slice(offset, offset + overlap) !== second.text.slice(0, overlap)) return undefined
  const [better, worse] = a.rank <= b.rank ? [a, b] : [b, a]
  return {
    documentId: first.documentId,
    start: first.start,
    end: Math.max(first.end, second.end),
    text: second.end > first.end ? first.text + second.text.slice(overlap) : first.text,
    ...(first.shown !== undefined || second.shown !== undefined
      ? { shown: union(shownOf(first), shownOf(second)) }
      : {}),
    rank: better.rank,
    hits: [...better.hits, ...worse.hits],
    cut: false,
  }
}

/** The places in the document that are shown of a piece. */
export function shownOf(piece: Piece): readonly Span[] {
  if (piece.rewritten !== undefined) return []
  return piece.shown ?? [{ start: piece.start, end: piece.end }]
}

/** What is shown of a piece, as it is before anything is escaped. */
export function shownText(piece: Piece): string {
  if (piece.rewritten !== undefined) return piece.rewritten
  if (piece.shown === undefined) return piece.text
  return piece.shown
    .map(({ start, end }) => piece.text.slice(start - piece.start, end - piece.start))
    .join(gap)
}

/** Stands where something was left out. */
const gap = ' … '

/** Sorted, with what overlaps or touches put together. */
function union(a: readonly Span[], b: readonly Span[]): Span[] {
  const merged: { start: number; end: number }[] = []
  for (const { start, end } of [...a, ...b].sort((one, other) => one.start - other.start)) {
    const last = merged.at(-1)
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}

export type ContextOrder = 'score' | 'document' | 'edges'

/** Puts passages in the order in which they are shown. */
export function orderPassages<M extends Metadata>(
  passages: readonly Passage<M>[],
  order: ContextOrder,
): Passage<M>[] {
  const ranked = passages.toSorted((a, b) => a.rank - b.rank)
  if (order === 'score') return ranked
  if (order === 'edges') {
    // Best first, second best last, and so on inwards: the middle is what models overlook.
    const front = ranked.filter((_, place) => place % 2 === 0)
    const back = ranked.filter((_, place) => place % 2 === 1)
    return [...front, ...back.reverse()]
  }
  const documents = new Map<string, Passage<M>[]>()
  for (const passage of ranked) {
    const together = documents.get(passage.documentId)
    if (together === undefined) documents.set(passage.documentId, [passage])
    else together.push(passage)
  }
  return [...documents.values()].flatMap((together) => together.sort((a, b) => a.start - b.start))
}
