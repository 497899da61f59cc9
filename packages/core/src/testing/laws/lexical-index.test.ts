import { describe, expect, it } from 'vitest'
import { checkInteger } from '../../check.js'
import type { Explanation, LexicalIndex } from '../../lexical-index.js'
import type { IndexSearchOptions, TopHits } from '../../vector-index.js'
import { wordsOf } from '../fakes/words.js'
import { LawViolation } from '../law.js'
import { lexicalIndexLaws } from './lexical-index.js'

type Ranked = { ordinal: number; score: number }

/** A correct TF·IDF index, computed from scratch for every query; mutants override one step of it. */
class PlainIndex implements LexicalIndex {
  protected readonly texts = new Map<number, string[]>()

  get size(): number {
    return this.texts.size
  }

  set(ordinal: number, text: string): void {
    checkInteger('ordinal', ordinal, 0)
    this.texts.set(ordinal, wordsOf(text))
  }

  delete(ordinal: number): boolean {
    return this.texts.delete(ordinal)
  }

  protected rarity(word: string): number {
    let containing = 0
    for (const words of this.texts.values()) if (words.includes(word)) containing += 1
    return Math.log(1 + this.size / (1 + containing))
  }

  explain(query: string, ordinal: number): Explanation {
    const words = this.texts.get(ordinal) ?? []
    const details: Explanation[] = []
    for (const term of new Set(wordsOf(query))) {
      const frequency = words.filter((word) => word === term).length
      if (frequency > 0)
        details.push({
          value: (frequency / (frequency + 1)) * this.rarity(term),
          description: `weight of ${term}`,
          details: [],
        })
    }
    return { value: details.reduce((sum, { value }) => sum + value, 0), description: 'sum', details }
  }

  protected ranked(query: string, { filter }: IndexSearchOptions): Ranked[] {
    return [...this.texts.keys()]
      .filter((ordinal) => !filter || filter.has(ordinal))
      .map((ordinal) => ({ ordinal, score: Math.fround(this.explain(query, ordinal).value) }))
      .filter(({ score }) => score > 0)
      .toSorted((a, b) => b.score - a.score || a.ordinal - b.ordinal)
  }

  search(query: string, options: IndexSearchOptions): TopHits {
    checkInteger('limit', options.limit)
    const ranked = this.ranked(query, options).slice(0, options.limit)
    return {
      ordinals: Uint32Array.from(ranked, ({ ordinal }) => ordinal),
      scores: Float32Array.from(ranked, ({ score }) => score),
    }
  }
}

describe('lexicalIndexLaws hold for a plain index', () => {
  for (const law of lexicalIndexLaws(() => new PlainIndex())) it(law.name, () => law.run())
})

const exactly = 'exactly the documents that share a term with the query come back'
const mutants: readonly { readonly law: string; readonly why: string; readonly make: () => LexicalIndex }[] =
  [
    {
      law: exactly,
      why: 'returns everything',
      make: () =>
        new (class extends PlainIndex {
          protected override ranked(query: string, options: IndexSearchOptions) {
            const found = super.ranked(query, options)
            const seen = new Set(found.map(({ ordinal }) => ordinal))
            return [
              ...found,
              ...[...this.texts.keys()]
                .filter((ordinal) => !seen.has(ordinal))
                .map((ordinal) => ({ ordinal, score: 0 })),
            ]
          }
        })(),
    },
    {
      law: exactly,
      why: 'wants all terms',
      make: () =>
        new (class extends PlainIndex {
          protected override ranked(query: string, options: IndexSearchOptions) {
            return super
              .ranked(query, options)
              .filter(({ ordinal }) =>
                wordsOf(query).every((word) => this.texts.get(ordinal)?.includes(word)),
              )
          }
        })(),
    },
    {
      law: 'equal scores come by ascending ordinal',
      why: 'keeps insertion order among equals',
      make: () =>
        new (class extends PlainIndex {
          protected override ranked(query: string) {
            return [...this.texts.keys()]
              .map((ordinal) => ({ ordinal, score: this.explain(query, ordinal).value }))
              .filter(({ score }) => score > 0)
              .sort((a, b) => b.score - a.score)
          }
        })(),
    },
    {
      law: 'a limit keeps the best',
      why: 'cuts before it sorts',
      make: () =>
        new (class extends PlainIndex {
          protected override ranked(query: string, options: IndexSearchOptions) {
            return super
              .ranked(query, options)
              .sort((a, b) => a.ordinal - b.ordinal)
              .slice(0, options.limit)
              .sort((a, b) => b.score - a.score || a.ordinal - b.ordinal)
          }
        })(),
    },
    {
      law: 'a filter keeps what it allows, with the same scores',
      why: 'ignores the filter',
      make: () =>
        new (class extends PlainIndex {
          protected override ranked(query: string, { limit }: IndexSearchOptions) {
            return super.ranked(query, { limit })
          }
        })(),
    },
    {
      law: 'a filter keeps what it allows, with the same scores',
      why: 'filters after the cut',
      make: () =>
        new (class extends PlainIndex {
          protected override ranked(query: string, { limit, filter }: IndexSearchOptions) {
            return super
              .ranked(query, { limit })
              .slice(0, limit)
              .filter(({ ordinal }) => !filter || filter.has(ordinal))
          }
        })(),
    },
    {
      law: 'deleting and replacing leave no trace',
      why: 'keeps counting deleted documents',
      make: () =>
        new (class extends PlainIndex {
          private largest = 0
          override set(ordinal: number, text: string) {
            super.set(ordinal, text)
            this.largest = Math.max(this.largest, this.size)
          }
          protected override rarity(word: string) {
            return super.rarity(word) * (1 + this.largest)
          }
        })(),
    },
    {
      law: 'deleting and replacing leave no trace',
      why: 'says true for documents never set',
      make: () =>
        new (class extends PlainIndex {
          override delete(ordinal: number) {
            super.delete(ordinal)
            return true
          }
        })(),
    },
    {
      law: 'the order of insertion does not matter',
      why: 'prefers what came first',
      make: () =>
        new (class extends PlainIndex {
          private readonly order = new Map<number, number>()
          override set(ordinal: number, text: string) {
            super.set(ordinal, text)
            this.order.set(ordinal, this.order.size)
          }
          protected override ranked(query: string, options: IndexSearchOptions) {
            return super
              .ranked(query, options)
              .map(({ ordinal, score }) => ({ ordinal, score: score / (1 + this.order.get(ordinal)!) }))
          }
        })(),
    },
    {
      law: 'an explanation has the value of the score, from finite numbers',
      why: 'explains another number',
      make: () =>
        new (class extends PlainIndex {
          protected override ranked(query: string, options: IndexSearchOptions) {
            return super
              .ranked(query, options)
              .map(({ ordinal, score }) => ({ ordinal, score: score * 1.00001 }))
          }
        })(),
    },
    {
      law: 'an explanation has the value of the score, from finite numbers',
      why: 'has NaN in a leaf',
      make: () =>
        new (class extends PlainIndex {
          override explain(query: string, ordinal: number) {
            const explanation = super.explain(query, ordinal)
            return {
              ...explanation,
              details: [...explanation.details, { value: Number.NaN, description: 'norm', details: [] }],
            }
          }
        })(),
    },
    {
      law: 'hostile queries are queries',
      why: 'makes the query a regular expression',
      make: () =>
        new (class extends PlainIndex {
          override search(query: string, options: IndexSearchOptions) {
            new RegExp(query).test('a')
            return super.search(query, options)
          }
        })(),
    },
    {
      law: 'hostile queries are queries',
      why: 'looks words up in a plain object',
      make: () =>
        new (class extends PlainIndex {
          private readonly known: Record<string, number> = {}
          override explain(query: string, ordinal: number) {
            const value = wordsOf(query).reduce(
              (sum, word) => sum + (this.known[word] === undefined ? 0 : Number(this.known[word])),
              0,
            )
            return value === 0 ? super.explain(query, ordinal) : { value, description: 'sum', details: [] }
          }
        })(),
    },
    {
      law: 'hostile documents are documents',
      why: 'stops at NUL',
      make: () =>
        new (class extends PlainIndex {
          override set(ordinal: number, text: string) {
            super.set(ordinal, text.split('\0')[0]!)
          }
        })(),
    },
    {
      law: 'a bad limit or ordinal is refused',
      why: 'takes any ordinal',
      make: () =>
        new (class extends PlainIndex {
          override set(ordinal: number, text: string) {
            this.texts.set(ordinal, wordsOf(text))
          }
        })(),
    },
    {
      law: 'a result is not overwritten by the next search',
      why: 'returns its scratch memory',
      make: () =>
        new (class extends PlainIndex {
          private readonly scratch = { ordinals: new Uint32Array(500), scores: new Float32Array(500) }
          override search(query: string, options: IndexSearchOptions) {
            const { ordinals, scores } = super.search(query, options)
            this.scratch.ordinals.set(ordinals)
            this.scratch.scores.set(scores)
            return {
              ordinals: this.scratch.ordinals.subarray(0, ordinals.length),
              scores: this.scratch.scores.subarray(0, ordinals.length),
            }
          }
        })(),
    },
    {
      law: 'searching and building again give the same hits',
      why: 'forgets the best hit of the last query',
      make: () =>
        new (class extends PlainIndex {
          private skip = -1
          protected override ranked(query: string, options: IndexSearchOptions) {
            const ranked = super.ranked(query, options).filter(({ ordinal }) => ordinal !== this.skip)
            this.skip = ranked[0]?.ordinal ?? -1
            return ranked
          }
        })(),
    },
  ]

describe('lexicalIndexLaws catch', () => {
  for (const { law: name, why, make } of mutants)
    it(`an index that ${why}: ${name}`, async () => {
      const law = lexicalIndexLaws(make).find((candidate) => candidate.name === name)
      expect(law, `no law "${name}"`).toBeDefined()
      await expect(law?.run()).rejects.toBeInstanceOf(LawViolation)
    })

  it('has a mutant for every law', () => {
    const caught = new Set(mutants.map(({ law }) => law))
    expect(
      lexicalIndexLaws(() => new PlainIndex())
        .map((law) => law.name)
        .filter((name) => !caught.has(name)),
    ).toEqual([])
  })
})
