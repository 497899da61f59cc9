import type { Chunk } from './chunk.js'
import { DuplicateIndex, type Features } from './deduplicate-index.js'
import type { Metadata } from './document.js'

/** Chunks remembered at once; a run of `ingest` has fewer on their way unless a document is larger. */
const mostClaims = 8_192

/**
 * Chunks on their way to the store, that will have a vector: what duplicates one of them needs none. Claims of chunks
 * that never come are forgotten when there are too many.
 */
export class DuplicateClaims<M extends Metadata> {
  private readonly index: DuplicateIndex<M>
  /** Oldest first. */
  private readonly chunks = new Map<string, Chunk<M>>()

  constructor(threshold: number | false, features: (chunk: Chunk<M>) => Features) {
    this.index = new DuplicateIndex<M>(threshold, features)
  }

  /** Whether it duplicates none of the others, and is on its way from now on. */
  async claim(chunk: Chunk<M>): Promise<boolean> {
    const known = this.chunks.get(chunk.id)
    if (known !== undefined) this.release(known.id)
    const match = await this.index.find(chunk, async (ids) => ids.map((id) => this.chunks.get(id)))
    if (match !== undefined) return false
    this.index.add(chunk)
    this.chunks.set(chunk.id, chunk)
    for (const [oldest] of this.chunks) {
      if (this.chunks.size <= mostClaims) break
      this.release(oldest)
    }
    return true
  }

  /** It has come, or will not. */
  release(id: string): void {
    const chunk = this.chunks.get(id)
    if (chunk === undefined) return
    this.index.remove(chunk)
    this.chunks.delete(id)
  }
}
