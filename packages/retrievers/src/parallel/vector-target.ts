import { type Bitset, checkInteger, checkVector, invalid, type TopHits } from '@tesserae/core'
import type { IndexImage, VectorTask } from './messages.js'
import type { ManyTarget, SearchManyOptions } from './search-many.js'

/** What an index of vectors brings to `searchMany`. */
export interface VectorTargetParts {
  readonly name: string
  readonly dimensions: number
  readonly version: () => number
  readonly answer: (queries: readonly Float32Array[]) => readonly TopHits[]
  readonly image: (threads: number) => IndexImage | undefined
  readonly efSearch?: number | undefined
}

/** Checks everything that one search would, before any of them. */
export function vectorTarget(
  { dimensions, efSearch, ...parts }: VectorTargetParts,
  queries: readonly Float32Array[],
  options: SearchManyOptions,
): ManyTarget<Float32Array> {
  const limit = checkInteger('limit', options.limit)
  if (!Array.isArray(queries)) invalid('queries', 'an array of vectors', queries)
  for (const query of queries) checkVector('query', query, dimensions)
  let filter: Uint32Array | undefined
  return {
    ...parts,
    task(some): VectorTask {
      filter ??= options.filter && sharedWords(options.filter)
      const rows = new Float32Array(some.length * dimensions)
      for (let i = 0; i < some.length; i++) rows.set(some[i]!, i * dimensions)
      return { kind: 'vectors', queries: rows, limit, efSearch, filter }
    },
  }
}

/** The words of a bitset, copied once for all threads. */
export function sharedWords({ words }: Bitset): Uint32Array {
  const copy = new Uint32Array(new SharedArrayBuffer(words.byteLength))
  copy.set(words)
  return copy
}

/** All images of an index, or none when one of its parts has none. */
export function allImages<I>(
  parts: readonly { image(threads: number): I | undefined }[],
  threads: number,
): I[] | undefined {
  const images: I[] = []
  for (const part of parts) {
    const image = part.image(threads)
    if (image === undefined) return undefined
    images.push(image)
  }
  return images
}
