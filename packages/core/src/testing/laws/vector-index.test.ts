import { describe, expect, it } from 'vitest'
import { checkInteger } from '../../check.js'
import { RagError } from '../../errors.js'
import type { IndexSearchOptions, Metric, TopHits, VectorIndex } from '../../vector-index.js'
import { LawViolation } from '../law.js'
import { cosineSimilarity, dotProduct, euclideanDistance } from '../vectors.js'
import { vectorIndexLaws } from './vector-index.js'

type Options = { readonly dimensions: number; readonly metric: Metric }
type Ranked = { ordinal: number; score: number }

/** A correct index, plain enough to be seen correct; mutants override one step of it. */
class PlainIndex implements VectorIndex {
  readonly dimensions: number
  readonly metric: Metric
  protected readonly vectors = new Map<number, Float32Array>()

  constructor({ dimensions, metric }: Options) {
    this.dimensions = dimensions
    this.metric = metric
  }

  get size(): number {
    return this.vectors.size
  }

  protected check(vector: Float32Array): void {
    if (vector.length !== this.dimensions || !vector.every(Number.isFinite))
      throw new RagError('invalid-vector', 'bad vector')
  }

  set(ordinal: number, vector: Float32Array): void {
    checkInteger('ordinal', ordinal, 0)
    this.check(vector)
    this.vectors.set(ordinal, vector.slice())
  }

  delete(ordinal: number): boolean {
    return this.vectors.delete(ordinal)
  }

  protected score(query: Float32Array, vector: Float32Array): number {
    if (this.metric === 'dot') return dotProduct(query, vector)
    return this.metric === 'cosine' ? cosineSimilarity(query, vector) : -euclideanDistance(query, vector)
  }

  protected ranked(query: Float32Array, { filter }: IndexSearchOptions): Ranked[] {
    return [...this.vectors]
      .filter(([ordinal]) => !filter || filter.has(ordinal))
      .map(([ordinal, vector]) => ({ ordinal, score: Math.fround(this.score(query, vector)) }))
      .toSorted((a, b) => b.score - a.score || a.ordinal - b.ordinal)
  }

  search(query: Float32Array, options: IndexSearchOptions): TopHits {
    checkInteger('limit', options.limit)
    this.check(query)
    return hits(this.ranked(query, options).slice(0, options.limit))
  }
}

function hits(ranked: readonly Ranked[]): TopHits {
  return {
    ordinals: Uint32Array.from(ranked, ({ ordinal }) => ordinal),
    scores: Float32Array.from(ranked, ({ score }) => score),
  }
}

describe('vectorIndexLaws hold for an exhaustive scan', () => {
  for (const law of vectorIndexLaws((options) => new PlainIndex(options), { exact: true }))
    it(law.name, () => law.run())
})

/** Misses one true neighbour in thirty, as an approximate index may. */
class Approximate extends PlainIndex {
  protected override ranked(query: Float32Array, options: IndexSearchOptions): Ranked[] {
    const ranked = super.ranked(query, options)
    if (this.size < 500 || options.filter) return ranked
    return ranked.filter(({ ordinal }) => ordinal % 30 !== 0)
  }
}

describe('vectorIndexLaws hold for an approximate index within its recall', () => {
  for (const law of vectorIndexLaws((options) => new Approximate(options), { exact: false, minRecall: 0.9 }))
    it(law.name, () => law.run())
})

const searchFind = 'finds what an exhaustive scan finds'
const mutants: readonly {
  readonly law: string
  readonly why: string
  readonly make: (options: Options) => VectorIndex
}[] = [
  {
    law: 'dimensions, metric and size are told',
    why: 'counts one too many',
    make: (options) =>
      new (class extends PlainIndex {
        override get size() {
          return super.size + 1
        }
      })(options),
  },
  {
    law: searchFind,
    why: 'misses the best',
    make: (options) =>
      new (class extends PlainIndex {
        protected override ranked(query: Float32Array, searching: IndexSearchOptions) {
          return super.ranked(query, searching).slice(1)
        }
      })(options),
  },
  {
    law: searchFind,
    why: 'gives squared distances',
    make: (options) =>
      new (class extends PlainIndex {
        protected override score(query: Float32Array, vector: Float32Array) {
          const score = super.score(query, vector)
          return this.metric === 'euclidean' ? -score * score : score
        }
      })(options),
  },
  {
    law: searchFind,
    why: 'skips the tail of odd dimensions',
    make: (options) =>
      new (class extends PlainIndex {
        protected override score(query: Float32Array, vector: Float32Array) {
          const whole = query.length - (query.length % 4)
          return super.score(query.subarray(0, whole), vector.subarray(0, whole))
        }
      })(options),
  },
  {
    law: searchFind,
    why: 'gives the worst first',
    make: (options) =>
      new (class extends PlainIndex {
        protected override ranked(query: Float32Array, searching: IndexSearchOptions) {
          return super.ranked(query, searching).reverse()
        }
      })(options),
  },
  {
    law: 'equal scores come by ascending ordinal',
    why: 'keeps insertion order among equals',
    make: (options) =>
      new (class extends PlainIndex {
        protected override ranked(query: Float32Array) {
          return [...this.vectors]
            .map(([ordinal, vector]) => ({ ordinal, score: this.score(query, vector) }))
            .sort((a, b) => b.score - a.score)
        }
      })(options),
  },
  {
    law: 'a deleted vector does not come back',
    why: 'forgets to delete',
    make: (options) =>
      new (class extends PlainIndex {
        override delete(ordinal: number) {
          return this.vectors.has(ordinal)
        }
      })(options),
  },
  {
    law: 'a vector set again replaces the old one',
    why: 'keeps the first vector',
    make: (options) =>
      new (class extends PlainIndex {
        override set(ordinal: number, vector: Float32Array) {
          if (!this.vectors.has(ordinal)) super.set(ordinal, vector)
        }
      })(options),
  },
  {
    law: 'a limit above the size gives everything',
    why: 'gives at most ten',
    make: (options) =>
      new (class extends PlainIndex {
        override search(query: Float32Array, searching: IndexSearchOptions) {
          return super.search(query, { ...searching, limit: Math.min(10, searching.limit) })
        }
      })(options),
  },
  {
    law: 'as many come back as match the filter, up to the limit',
    why: 'ignores the filter',
    make: (options) =>
      new (class extends PlainIndex {
        protected override ranked(query: Float32Array, { limit }: IndexSearchOptions) {
          return super.ranked(query, { limit })
        }
      })(options),
  },
  {
    law: 'as many come back as match the filter, up to the limit',
    why: 'filters after the search',
    make: (options) =>
      new (class extends PlainIndex {
        protected override ranked(query: Float32Array, { limit, filter }: IndexSearchOptions) {
          return super
            .ranked(query, { limit })
            .slice(0, limit)
            .filter(({ ordinal }) => !filter || filter.has(ordinal))
        }
      })(options),
  },
  {
    law: 'an ordinal past the end of the filter is not in it',
    why: 'lets ordinals past the end through',
    make: (options) =>
      new (class extends PlainIndex {
        protected override ranked(query: Float32Array, { limit, filter }: IndexSearchOptions) {
          return super
            .ranked(query, { limit })
            .filter(({ ordinal }) => !filter || ordinal >= filter.words.length * 32 || filter.has(ordinal))
        }
      })(options),
  },
  {
    law: 'a filter over ordinals that are not there gives nothing',
    why: 'trusts the filter',
    make: (options) =>
      new (class extends PlainIndex {
        override search(query: Float32Array, searching: IndexSearchOptions) {
          return searching.filter?.has(77)
            ? hits([{ ordinal: 77, score: 0 }])
            : super.search(query, searching)
        }
      })(options),
  },
  {
    law: 'a vector of the wrong length or not finite is refused',
    why: 'takes any vector',
    make: (options) =>
      new (class extends PlainIndex {
        protected override check() {}
      })(options),
  },
  {
    law: 'a zero vector never gives a score that is not a number',
    why: 'divides by zero',
    make: (options) =>
      new (class extends PlainIndex {
        protected override score(query: Float32Array, vector: Float32Array) {
          return dotProduct(query, vector) / Math.sqrt(dotProduct(query, query) * dotProduct(vector, vector))
        }
      })(options),
  },
  {
    law: 'a bad limit or ordinal is refused',
    why: 'takes any limit',
    make: (options) =>
      new (class extends PlainIndex {
        override search(query: Float32Array, searching: IndexSearchOptions) {
          return hits(this.ranked(query, searching).slice(0, searching.limit))
        }
      })(options),
  },
  {
    law: 'vectors and queries are copied and left as they were',
    why: 'keeps the vector of the caller',
    make: (options) =>
      new (class extends PlainIndex {
        override set(ordinal: number, vector: Float32Array) {
          this.vectors.set(ordinal, vector)
        }
      })(options),
  },
  {
    law: 'vectors and queries are copied and left as they were',
    why: 'normalises the query in place',
    make: (options) =>
      new (class extends PlainIndex {
        override search(query: Float32Array, searching: IndexSearchOptions) {
          const found = super.search(query, searching)
          query[0]! /= 2
          return found
        }
      })(options),
  },
  {
    law: 'a result is not overwritten by the next search',
    why: 'returns its scratch memory',
    make: (options) =>
      new (class extends PlainIndex {
        private readonly scratch = { ordinals: new Uint32Array(500), scores: new Float32Array(500) }
        override search(query: Float32Array, searching: IndexSearchOptions) {
          const { ordinals, scores } = super.search(query, searching)
          this.scratch.ordinals.set(ordinals)
          this.scratch.scores.set(scores)
          return {
            ordinals: this.scratch.ordinals.subarray(0, ordinals.length),
            scores: this.scratch.scores.subarray(0, ordinals.length),
          }
        }
      })(options),
  },
  {
    law: 'an empty index finds nothing',
    why: 'returns ordinal 0 from nothing',
    make: (options) =>
      new (class extends PlainIndex {
        override search(query: Float32Array, searching: IndexSearchOptions) {
          return this.size ? super.search(query, searching) : hits([{ ordinal: 0, score: 0 }])
        }
      })(options),
  },
  {
    law: 'ordinals may be sparse',
    why: 'counts up to the largest ordinal',
    make: (options) =>
      new (class extends PlainIndex {
        override get size() {
          return Math.max(-1, ...this.vectors.keys()) + 1
        }
      })(options),
  },
  {
    law: 'ordinals may be sparse',
    why: 'keeps sixteen bits of an ordinal',
    make: (options) =>
      new (class extends PlainIndex {
        override set(ordinal: number, vector: Float32Array) {
          super.set(ordinal & 0xffff, vector)
        }
      })(options),
  },
  {
    law: 'searching and building again give the same hits',
    why: 'drifts with each search',
    make: (options) =>
      new (class extends PlainIndex {
        private searches = 0
        protected override score(query: Float32Array, vector: Float32Array) {
          return super.score(query, vector) + this.searches * 1e-5
        }
        override search(query: Float32Array, searching: IndexSearchOptions) {
          this.searches += 1
          return super.search(query, searching)
        }
      })(options),
  },
]

describe('vectorIndexLaws catch', () => {
  for (const { law: name, why, make } of mutants)
    it(`an index that ${why}: ${name}`, async () => {
      const law = vectorIndexLaws(make, { exact: true }).find((candidate) => candidate.name === name)
      expect(law, `no law "${name}"`).toBeDefined()
      await expect(law?.run()).rejects.toBeInstanceOf(LawViolation)
    })

  it('an approximate index under its recall', async () => {
    const laws = vectorIndexLaws((options) => new Approximate(options), { exact: false, minRecall: 0.99 })
    const law = laws.find((candidate) => candidate.name === 'finds nearly all that an exhaustive scan finds')
    await expect(law?.run()).rejects.toThrow('recall')
  })

  it('has a mutant for every law', () => {
    const caught = new Set(mutants.map(({ law }) => law))
    const names = vectorIndexLaws((options) => new PlainIndex(options), { exact: true }).map(
      (law) => law.name,
    )
    expect(names.filter((name) => !caught.has(name))).toEqual([])
  })
})
