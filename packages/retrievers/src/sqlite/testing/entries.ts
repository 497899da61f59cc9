import type { Entry, Metadata } from '@tesserae/core'
import { type Random, seededRandom } from '@tesserae/core/testing'

export const dimensions = 6

/** A chunk of one sentence, with a vector unless `vector` is false. */
export function entryOf(
  id: string,
  text: string,
  { documentId = 'd', metadata = {}, vector = true }: EntryOptions = {},
): Entry {
  const random = seededRandom(text.length)
  return {
    chunk: { id, documentId, index: 0, start: 0, end: text.length, text, headings: [], metadata },
    revision: `revision of ${text}`,
    ...(vector && { vector: randomVector(random) }),
  }
}

interface EntryOptions {
  readonly documentId?: string
  readonly metadata?: Metadata
  readonly vector?: boolean
}

export function randomVector(random: Random): Float32Array {
  return Float32Array.from({ length: dimensions }, () => random.normal())
}

export function randomEntry(random: Random, id: string): Entry {
  const words = ['deposit', 'lease', 'quiet', 'hours', 'garden', 'roof']
  const text = Array.from({ length: random.integer(1, 8) }, () => random.pick(words)).join(' ')
  const entry = entryOf(id, text, {
    documentId: `d${random.integer(0, 4)}`,
    metadata: { ...(random.chance() && { tenant: random.pick(['a', 'b', -0]) }), year: random.integer(1, 3) },
    vector: false,
  })
  return random.chance(0.8) ? { ...entry, vector: randomVector(random) } : entry
}
