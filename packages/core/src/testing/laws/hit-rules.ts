import type { Chunk } from '../../chunk.js'
import type { Hit } from '../../retriever.js'
import { expectSame } from '../assert.js'
import { broken } from '../law.js'

/** Rules on any list of hits, whoever made it. */
export function checkHits(
  hits: readonly Hit[],
  chunks: readonly Chunk[],
  limit: number,
  query: string,
): void {
  const text = query
  if (!Array.isArray(hits)) broken('the answer is not a list', { text, actual: hits })
  if (hits.length > limit) broken('more hits than the limit', { text, expected: limit, actual: hits.length })
  const known = new Map(chunks.map((chunk) => [chunk.id, chunk]))
  const seen = new Set<string>()
  for (const [position, hit] of hits.entries()) {
    const { chunk, score } = hit
    if (seen.has(chunk.id)) broken('a chunk comes twice', { text, actual: chunk.id })
    seen.add(chunk.id)
    const original = known.get(chunk.id)
    if (!original) broken('a hit is no chunk that was given', { text, actual: chunk.id })
    expectSame(chunk, original, 'the chunk of a hit was changed', { text })
    if (!Number.isFinite(score)) broken('a score is not finite', { text, actual: score })
    checkOrder(hits[position - 1], hit, text)
    checkTrace(hits[position - 1], hit, text)
  }
}

function checkOrder(before: Hit | undefined, hit: Hit, text: string): void {
  if (!before) return
  if (hit.score > before.score) broken('scores increase', { text, actual: [before.score, hit.score] })
  if (hit.score === before.score && hit.chunk.id < before.chunk.id)
    broken('equal scores do not come in order of chunk id', { text, actual: [before.chunk.id, hit.chunk.id] })
}

/** The last entry of a trace tells the final score, and its ranks rise down the list (a later cut may leave gaps). */
function checkTrace(before: Hit | undefined, hit: Hit, text: string): void {
  for (const entry of hit.trace) {
    if (entry.stage === '') broken('an entry of the trace names no stage', { text, actual: entry })
    if (!Number.isInteger(entry.rank) || entry.rank < 1)
      broken('a rank is not an integer from 1', { text, actual: entry })
    if (!Number.isFinite(entry.score)) broken('a score in the trace is not finite', { text, actual: entry })
  }
  const last = hit.trace.at(-1)
  if (!last) broken('a hit has no trace', { text, actual: hit.chunk.id })
  if (last.score !== hit.score)
    broken('the trace does not end with the final score', { text, expected: hit.score, actual: last })
  const lastBefore = before?.trace.at(-1)
  if (lastBefore && last.rank <= lastBefore.rank)
    broken('the last ranks of the traces do not rise down the list', { text, actual: [lastBefore, last] })
}
