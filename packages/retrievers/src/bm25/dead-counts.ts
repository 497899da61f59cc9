import { DELETED, type Documents } from './documents.js'
import { grownUint32 } from './grow.js'
import type { Postings } from './postings.js'

/**
 * How many postings of a term belong to deleted documents. They stay until compaction, so they are counted when it is
 * asked, once per term and deletion: one look-up per deletion since the last time, or a walk over the postings when
 * that is shorter.
 */
export class DeadCounts {
  /** Numbers of deleted documents in order of deletion. */
  private readonly deleted: number[]
  /** By term: postings of deleted documents among the first `seen` of `deleted`. */
  private counts = new Uint32Array(0)
  private seen = new Uint32Array(0)

  constructor(deleted: number[] = []) {
    this.deleted = deleted
  }

  /** Deleted documents. */
  get size(): number {
    return this.deleted.length
  }

  add(document: number): void {
    this.deleted.push(document)
  }

  /** @param termCount terms of the index */
  of(term: number, postings: Postings, documents: Documents, termCount: number): number {
    const { deleted } = this
    if (deleted.length === 0) return 0
    if (term >= this.seen.length) {
      this.seen = grownUint32(this.seen, termCount)
      this.counts = grownUint32(this.counts, termCount)
    }
    const seen = this.seen[term]!
    if (seen < deleted.length) {
      if ((deleted.length - seen) * 16 > postings.count(term)) {
        this.counts[term] = postings.countMarked(term, documents.lengths, DELETED)
      } else {
        for (let i = seen; i < deleted.length; i++)
          if (postings.frequency(term, deleted[i]!) > 0) this.counts[term]!++
      }
      this.seen[term] = deleted.length
    }
    return this.counts[term]!
  }
}
