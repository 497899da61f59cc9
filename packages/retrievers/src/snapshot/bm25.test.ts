import {
  type Explanation,
  type IndexSearchOptions,
  isRagError,
  type LexicalIndex,
  type TopHits,
} from '@tesserae/core'
import { lexicalIndexLaws, type Random, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { universalAnalyzer } from '../analysis/index.js'
import { type Bm25Index, type Bm25Options, bm25Index } from '../bm25/index.js'
import { opened, refusal, sealed, tampered } from './testing/tamper.js'

const shapes: { readonly [name: string]: Bm25Options } = {
  plain: {},
  'with positions': { positions: true, analyzer: universalAnalyzer() },
  'by field': { fields: { title: { weight: 2.5 }, body: {} } },
}

const words = Array.from({ length: 80 }, (_, i) => `w${i}`)
words.push(
  'getUserById',
  'C++',
  '東京都庁',
  'A-123/b',
  'naïve',
  'the',
  '\ud800broken',
  'ﬁne',
  '1,000',
  'it’s',
)

function textOf(random: Random): string {
  const text = Array.from(
    { length: random.integer(0, 30) },
    () => words[Math.floor(random() ** 2 * words.length)],
  )
  // Often enough to need more than six bits.
  if (random.chance(0.1)) text.push(...Array<string>(random.integer(60, 90)).fill('w1'))
  return text.join(' ')
}

/** A history by a seed over few ordinals, so that many are replaced, deleted and, with many steps, compacted away. */
function change(index: Bm25Index, shape: string, seed: number, steps: number, ordinals = 60): void {
  const random = seededRandom(seed)
  for (let step = 0; step < steps; step++) {
    const ordinal = random.integer(0, ordinals)
    if (random.chance(0.35)) index.delete(ordinal)
    else if (shape === 'by field' && random.chance(0.8)) {
      index.set(ordinal, { title: textOf(random), ...(random.chance() && { body: textOf(random) }) })
    } else index.set(ordinal, textOf(random))
    if (random.chance(0.01)) index.compact()
  }
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

function expectAlike(a: Bm25Index, b: Bm25Index): void {
  expect(a.size).toBe(b.size)
  expect([...a.terms()]).toEqual([...b.terms()])
  const random = seededRandom(5)
  for (let trial = 0; trial < 10; trial++) {
    const query = textOf(random)
    expect(a.search(query, { limit: 7 })).toEqual(b.search(query, { limit: 7 }))
    const ordinal = random.integer(0, 60)
    expect(a.explain(query, ordinal)).toEqual(b.explain(query, ordinal))
  }
}

for (const [shape, options] of Object.entries(shapes)) {
  const make = () => bm25Index(options)
  describe(`a snapshot of bm25, ${shape}`, () => {
    it('goes on as its original does', () => {
      for (let seed = 1; seed <= 20; seed++) {
        const original = make()
        change(original, shape, seed, seed * 20)
        const bytes = original.save()
        const loaded = make()
        loaded.load(seed % 2 === 0 ? bytes : original.saveParts())
        expect(same(loaded.save(), bytes)).toBe(true)
        expectAlike(loaded, original)
        const steps = seed === 20 ? 900 : 90
        change(original, shape, seed + 100, steps)
        change(loaded, shape, seed + 100, steps)
        expect(same(loaded.save(), original.save())).toBe(true)
        expectAlike(loaded, original)
        expect(loaded.statistics()).toMatchObject({
          deletedCount: original.statistics().deletedCount,
          termCount: original.statistics().termCount,
        })
      }
    })

    it('is the same in two runs, and holds an index that is empty or emptied', () => {
      const [first, second] = [make(), make()]
      for (const index of [first, second]) change(index, shape, 3, 200)
      expect(same(first.save(), second.save())).toBe(true)
      for (let ordinal = 0; ordinal <= 60; ordinal++) first.delete(ordinal)
      for (const index of [make(), first]) {
        const loaded = make()
        change(loaded, shape, 4, 10)
        loaded.load(index.save())
        expectAlike(loaded, index)
        change(index, shape, 5, 50)
        change(loaded, shape, 5, 50)
        expect(same(loaded.save(), index.save())).toBe(true)
      }
    })

    it('is refused with any one bit flipped, and cut anywhere', () => {
      const index = make()
      change(index, shape, 9, 5, 3)
      const bytes = index.save()
      const target = make()
      change(target, shape, 1, 20)
      const before = target.save()
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        expect(['corrupt-data', 'incompatible']).toContain(refusal(() => target.load(bytes)))
        bytes[bit >> 3]! ^= 1 << (bit & 7)
      }
      for (let length = 0; length < bytes.length; length++)
        expect(refusal(() => target.load(bytes.subarray(0, length)))).toBe('corrupt-data')
      expect(same(target.save(), before)).toBe(true)
      target.load(bytes)
      expectAlike(target, index)
    })

    it('with numbers made up under right checksums is refused or harmless', () => {
      let refusals = 0
      for (let seed = 1; seed <= 250; seed++) {
        const random = seededRandom(seed)
        const index = make()
        change(index, shape, seed % 20, 20 + (seed % 50), 20)
        const bytes = sealed(tampered(opened(index.save()), random))
        const target = make()
        const code = refusal(() => target.load(bytes))
        if (code === 'nothing') {
          for (let trial = 0; trial < 10; trial++) {
            const { ordinals, scores } = target.search(textOf(random), { limit: 8 })
            expect(new Set(ordinals).size).toBe(ordinals.length)
            expect(scores.every(Number.isFinite)).toBe(true)
            target.explain(textOf(random), trial)
          }
          change(target, shape, seed, 40)
          target.compact()
          const whole = target.save()
          target.load(whole)
          expect(same(target.save(), whole)).toBe(true)
        } else {
          expect(['corrupt-data', 'unsupported']).toContain(code)
          refusals++
        }
      }
      expect(refusals).toBeGreaterThan(75)
    })
  })
}

it('a snapshot of bm25 says what differs, and leaves the formula to who loads it', () => {
  const message = (index: Bm25Index, snapshot: Uint8Array) => {
    try {
      index.load(snapshot)
    } catch (error) {
      if (isRagError(error, 'incompatible')) return error.message
      throw error
    }
    return 'nothing'
  }
  const plain = bm25Index().save()
  const fields = bm25Index({ fields: { title: { weight: 2 } } })
  expect(message(bm25Index({ analyzer: universalAnalyzer() }), plain)).toMatch(
    /`analyzer` is ".+" here and ".+" in/,
  )
  expect(message(bm25Index({ positions: true }), plain)).toContain('`positions` is true here and false')
  expect(message(fields, bm25Index({ positions: true }).save())).toContain('not set in the snapshot')
  expect(message(bm25Index({ positions: true }), fields.save())).toContain('was saved with `fields`')
  const index = bm25Index()
  index.set(0, 'deposit of two months')
  const other = bm25Index({ variant: 'bm25+', k1: 2, b: 0.4 })
  other.load(index.save())
  const fresh = bm25Index({ variant: 'bm25+', k1: 2, b: 0.4 })
  fresh.set(0, 'deposit of two months')
  expect(other.search('deposit', { limit: 1 })).toEqual(fresh.search('deposit', { limit: 1 }))
})

/** An index that is saved and loaded before every search. */
class Reloaded implements LexicalIndex {
  private inner = bm25Index()
  get size(): number {
    return this.inner.size
  }
  set(ordinal: number, text: string): void {
    this.inner.set(ordinal, text)
  }
  delete(ordinal: number): boolean {
    return this.inner.delete(ordinal)
  }
  search(query: string, options: IndexSearchOptions): TopHits {
    const fresh = bm25Index()
    fresh.load(this.inner.saveParts())
    this.inner = fresh
    return fresh.search(query, options)
  }
  explain(query: string, ordinal: number): Explanation {
    return this.inner.explain(query, ordinal)
  }
}

describe('the laws of a lexical index hold when it is saved and loaded before every search', () => {
  for (const law of lexicalIndexLaws(() => new Reloaded())) it(law.name, () => law.run())
})
