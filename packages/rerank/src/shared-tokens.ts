import { dot, ModelError } from '@tesserae/core'
import type { SharedTokenRows, TokenRows } from './late-interaction.js'

/** Two tokens this alike are the same one: rows of a table are, wherever a word of the query stands in the passage. */
export const sameToken = 1 - 1e-5
/** Look-ups between two turns of the event loop: some ten milliseconds. */
const stride = 1 << 22

/**
 * Late interaction of a query with passages that share their rows: what a token of the query and a row have in common is
 * computed when it is first asked for, and looked up after that. The scores are those of comparing passage by passage, to
 * the last bit.
 */
export async function scoreShared(
  query: TokenRows,
  shared: SharedTokenRows,
  dimensions: number,
  scores: Float64Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const rows = shared.vectors.length / dimensions
  const known = new Float64Array((query.vectors.length / dimensions) * rows).fill(Number.NaN)
  let done = 0
  for (const [place, passage] of shared.texts.entries()) {
    scores[place] = scoreOf(query, passage, shared.vectors, known, dimensions)
    done += (query.vectors.length / dimensions) * passage.length
    if (done < stride) continue
    done = 0
    await new Promise((resolve) => setTimeout(resolve, 0))
    signal?.throwIfAborted()
  }
}

/** As `maxSim` of one passage; `known` holds a row of similarities per token of the query, not a number where unknown. */
function scoreOf(
  query: TokenRows,
  passage: Uint32Array,
  vectors: Float32Array,
  known: Float64Array,
  dimensions: number,
): number {
  const { vectors: q, weights } = query
  const tokens = q.length / dimensions
  const rows = vectors.length / dimensions
  let total = 0
  let mass = 0
  for (let i = 0; i < tokens; i++) {
    const weight = weights === undefined ? 1 : weights[i]! * weights[i]!
    const first = i * rows
    let best = -1
    for (let j = 0; j < passage.length; j++) {
      const row = passage[j]!
      let similarity = known[first + row]!
      if (Number.isNaN(similarity)) {
        similarity = dot(q, i * dimensions, vectors, row * dimensions, dimensions)
        known[first + row] = similarity
      }
      if (similarity > best) best = similarity
      if (best >= sameToken) break
    }
    total += weight * best
    mass += weight
  }
  return meanMatch(total, mass)
}

/** Throws `model-failed` when the answer is not one list of existing rows per text. */
export function checkShared(id: string, shared: SharedTokenRows, count: number, dimensions: number): void {
  if (shared.texts.length !== count)
    throw new ModelError(`"${id}" gave token vectors of ${shared.texts.length} texts for ${count}.`)
  const rows = shared.vectors.length / dimensions
  for (const places of shared.texts) {
    let fits = Number.isInteger(rows)
    for (let i = 0; i < places.length; i++) fits &&= places[i]! < rows
    if (!fits)
      throw new ModelError(
        `"${id}" gave token vectors that do not fit: there must be rows of ${dimensions} numbers, and texts must name rows that there are.`,
      )
  }
}

/** The weighted mean of the matches, 0 for a query without tokens. Throws `model-failed` when vectors were not finite. */
export function meanMatch(total: number, mass: number): number {
  const score = mass === 0 ? 0 : total / mass
  if (!Number.isFinite(score))
    throw new ModelError(`Token vectors gave the score ${score}. They must be finite.`)
  return score
}
