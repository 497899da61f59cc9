import type { CallOptions, ChunkSpan, Document } from '@tesserae/core'
import type { Separator } from '../internal/boundaries.js'
import { documentCuts } from '../internal/boundaries.js'
import { characterClasses } from '../internal/classes.js'
import { allowedCuts, keptSpans } from '../internal/kept-spans.js'
import type { Ruler } from '../internal/ruler.js'
import { packAll } from '../internal/split.js'
import { spanTokens } from '../structural/fit.js'

/**
 * Small pieces of a text in ascending order, as flat columns: what the chunkers of this folder put together.
 * Only blanks lie between two pieces, so a run of pieces is the span [starts[first], ends[last]).
 */
export interface Pieces {
  readonly size: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** How good a place the front of each piece is to cut at: heading > paragraph > line > sentence > 0, a forced cut. */
  readonly ranks: Uint8Array
}

const SEPARATORS: readonly Separator[] = ['heading', 'paragraph', 'line', 'sentence']
/** A chunk over the cap is cut from this share of the cap on, so that no crumbs are left. */
const MINIMUM_FILL = 0.25

/**
 * The sentences of a document: each at most `maxTokens`, a longer one divided between words. Tables, rows and
 * code blocks that fit into `maxTokens` are one piece, and a heading goes with the sentence behind it.
 */
export async function sentencePieces(
  document: Document,
  ruler: Ruler,
  maxTokens: number,
  language: string,
  call: CallOptions,
): Promise<Pieces> {
  const kept = keptSpans(document, ruler, maxTokens, characterClasses())
  const cuts = allowedCuts(documentCuts(document, SEPARATORS, language), kept)
  const spans = await packAll(
    {
      text: document.text,
      ruler,
      maxUnits: maxTokens,
      overlapUnits: 0,
      cuts,
      pieces: { table: cuts, most: 1, overlap: 0 },
      kept,
      fine: 'word',
      minimumFill: 0,
      trim: true,
    },
    false,
    call,
  )
  const size = spans.length
  const starts = new Uint32Array(size)
  const ends = new Uint32Array(size)
  const ranks = new Uint8Array(size)
  for (let i = 0; i < size; i++) {
    const { start, end } = spans[i]!
    starts[i] = start
    ends[i] = end
    const cut = cuts.firstStartingAt(start)
    if (cut < cuts.size && cuts.starts[cut] === start) ranks[i] = cuts.ranks[cut]!
  }
  return { size, starts, ends, ranks }
}

/** Pieces put together, as many as fit into `maxTokens`, parted at the best places: fewer, larger pieces. */
export function groupPieces(pieces: Pieces, ruler: Ruler, maxTokens: number): Pieces {
  const bounds = packRuns(pieces, ruler, maxTokens, pieces.ranks, [pieces.size])
  const size = bounds.length
  const starts = new Uint32Array(size)
  const ends = new Uint32Array(size)
  const ranks = new Uint8Array(size)
  for (let i = 0; i < size; i++) {
    const first = i === 0 ? 0 : bounds[i - 1]!
    starts[i] = pieces.starts[first]!
    ranks[i] = pieces.ranks[first]!
    ends[i] = pieces.ends[bounds[i]! - 1]!
  }
  return { size, starts, ends, ranks }
}

/**
 * Cuts the run of pieces [first, last) into chunks of at most `maxTokens`: each reaches as far as it can and
 * ends in front of the piece with the highest score on the way there, the last of equals. Appends the end of
 * each chunk, as an index behind its last piece, to `bounds`. A single piece is never divided.
 */
export function packRun(
  pieces: Pieces,
  ruler: Ruler,
  maxTokens: number,
  scores: ArrayLike<number>,
  first: number,
  last: number,
  bounds: number[],
): void {
  const fill = Math.floor(maxTokens * MINIMUM_FILL)
  let from = first
  while (from < last) {
    const start = pieces.starts[from]!
    const reach = ruler.reach(start, maxTokens)
    let limit = from + 1
    while (limit < last && pieces.ends[limit]! <= reach) limit++
    const floor = fill > 0 ? ruler.reach(start, fill) : start
    let end = limit
    // Its tokens are within the cap; those of its text alone may not be, and then it ends earlier.
    do {
      end = limit === last ? last : bestEnd(pieces, scores, from, limit, floor)
      limit = end - 1
    } while (limit > from && ruler.alone(start, pieces.ends[end - 1]!) > maxTokens)
    bounds.push(end)
    from = end
  }
}

/** The place in (from, limit] with the highest score behind `floor`, the last of equals. */
function bestEnd(
  pieces: Pieces,
  scores: ArrayLike<number>,
  from: number,
  limit: number,
  floor: number,
): number {
  let best = limit
  for (let at = limit - 1; at > from && pieces.ends[at - 1]! > floor; at--) {
    if (scores[at]! > scores[best]!) best = at
  }
  return best
}

/** `packRun` for neighbouring runs, of which `runs` gives the ends: those that fit stay whole. */
export function packRuns(
  pieces: Pieces,
  ruler: Ruler,
  maxTokens: number,
  scores: ArrayLike<number>,
  runs: ArrayLike<number>,
): number[] {
  const bounds: number[] = []
  for (let run = 0; run < runs.length; run++) {
    packRun(pieces, ruler, maxTokens, scores, run === 0 ? 0 : runs[run - 1]!, runs[run]!, bounds)
  }
  return bounds
}

/** The chunks that end behind the pieces `bounds[i] - 1`, with their tokens. */
export function spansOf(pieces: Pieces, ruler: Ruler, bounds: ArrayLike<number>): ChunkSpan[] {
  const spans: ChunkSpan[] = []
  let first = 0
  for (let i = 0; i < bounds.length; i++) {
    const start = pieces.starts[first]!
    const end = pieces.ends[bounds[i]! - 1]!
    spans.push({ start, end, tokens: spanTokens(ruler, start, end) })
    first = bounds[i]!
  }
  return spans
}
