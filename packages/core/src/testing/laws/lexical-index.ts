import type { Explanation, LexicalIndex } from '../../lexical-index.js'
import { Bitset } from '../../vector/bitset.js'
import type { TopHits } from '../../vector-index.js'
import { expectRagError, expectSame } from '../assert.js'
import { inventedWords } from '../data.js'
import { broken, type Checks, type Law, type LawOptions, makeLaws } from '../law.js'
import { type Random, seededRandom } from '../random.js'
import { edgeTexts, oddities } from '../texts/phrases.js'

export type MakeLexicalIndex = () => LexicalIndex | Promise<LexicalIndex>

export interface LexicalIndexLawOptions extends LawOptions {
  /** Words that the analyser under test keeps apart, at least ten. @default twenty invented Latin words */
  readonly vocabulary?: readonly string[] | undefined
  /** Documents in the generated collections. @default 120 */
  readonly count?: number | undefined
}

type Texts = ReadonlyMap<number, string>

const hostileQueries: readonly string[] = [
  ...edgeTexts,
  ...oddities,
  '"unclosed',
  'a AND (b OR',
  'field:value^2 ~ * ?',
  '\\',
  "'; DROP TABLE chunks; --",
  'constructor toString hasOwnProperty __proto__ valueOf',
  'x'.repeat(50_000),
  'many '.repeat(5_000),
]

/** The laws of `LexicalIndex`. Scores may follow any formula; what they must agree with is said here. */
export function lexicalIndexLaws(
  make: MakeLexicalIndex,
  options: LexicalIndexLawOptions = {},
): readonly Law[] {
  const seed = options.seed ?? 1
  const vocabulary = options.vocabulary ?? inventedWords
  const count = options.count ?? 120

  const generated = (random: Random): Map<number, string> =>
    new Map(
      Array.from({ length: count }, (_, ordinal) => [
        ordinal,
        Array.from({ length: random.integer(0, 12) }, () => random.pick(vocabulary)).join(' '),
      ]),
    )
  const randomQuery = (random: Random): string =>
    Array.from({ length: random.integer(1, 4) }, () => random.pick(vocabulary)).join(' ')
  const filled = async (texts: Texts): Promise<LexicalIndex> => {
    const index = await make()
    for (const [ordinal, text] of texts) index.set(ordinal, text)
    return index
  }
  const sharing = (texts: Texts, query: string): number[] => {
    const wanted = new Set(query.split(' '))
    return [...texts]
      .filter(([, text]) => text.split(' ').some((word) => wanted.has(word)))
      .map(([ordinal]) => ordinal)
  }
  const checkOrder = ({ ordinals, scores }: TopHits, query: string): void => {
    if (ordinals.length !== scores.length)
      broken('not as many ordinals as scores', { text: query, actual: [ordinals.length, scores.length] })
    if (new Set(ordinals).size !== ordinals.length)
      broken('an ordinal comes twice', { text: query, actual: ordinals })
    for (const [rank, score] of scores.entries()) {
      if (!Number.isFinite(score)) broken('a score is not finite', { text: query, actual: score })
      if (rank === 0) continue
      if (score > scores[rank - 1]!) broken('scores increase', { text: query, actual: scores })
      if (score === scores[rank - 1] && ordinals[rank]! < ordinals[rank - 1]!)
        broken('equal scores do not come by ascending ordinal', { text: query, actual: ordinals })
    }
  }
  const checkEqualHits = (actual: TopHits, expected: TopHits, query: string, reason: string): void => {
    const scored = ({ ordinals, scores }: TopHits): Map<number, number> =>
      new Map([...ordinals].map((ordinal, rank) => [ordinal, scores[rank]!]))
    const [left, right] = [scored(actual), scored(expected)]
    expectSame(
      [...left.keys()].toSorted((a, b) => a - b),
      [...right.keys()].toSorted((a, b) => a - b),
      reason,
      { text: query },
    )
    for (const [ordinal, score] of right)
      if (!close(left.get(ordinal)!, score))
        broken(reason, {
          text: query,
          expected: { ordinal, score },
          actual: { ordinal, score: left.get(ordinal) },
        })
  }
  const queries = async (check: (query: string) => void, random: Random): Promise<void> => {
    for (let trial = 0; trial < 40; trial += 1) check(randomQuery(random))
  }

  const checks: Checks = {
    'exactly the documents that share a term with the query come back': async () => {
      const random = seededRandom(seed)
      const texts = generated(random)
      const index = await filled(texts)
      expectSame(index.size, texts.size, 'the size is not the number of documents')
      await queries((query) => {
        const hits = index.search(query, { limit: count })
        checkOrder(hits, query)
        expectSame(
          [...hits.ordinals].toSorted((a, b) => a - b),
          sharing(texts, query),
          'other documents than those that share a term',
          { text: query },
        )
      }, random)
    },
    'equal scores come by ascending ordinal': async () => {
      const random = seededRandom(seed)
      const [word, other] = [vocabulary[0]!, vocabulary[1]!]
      const ordinals = random.shuffle(Array.from({ length: 50 }, (_, ordinal) => ordinal))
      const index = await filled(new Map(ordinals.map((ordinal) => [ordinal, `${word} ${other}`])))
      for (const limit of [1, 7, 50])
        expectSame(
          [...index.search(word, { limit }).ordinals],
          Array.from({ length: limit }, (_, ordinal) => ordinal),
          'among equal scores others than the smallest ordinals come back',
        )
    },
    'a limit keeps the best': async () => {
      const random = seededRandom(seed)
      const index = await filled(generated(random))
      await queries((query) => {
        const all = index.search(query, { limit: count })
        for (const limit of [1, 3, 10]) {
          const hits = index.search(query, { limit })
          expectSame(
            hits,
            { ordinals: all.ordinals.slice(0, limit), scores: all.scores.slice(0, limit) },
            `limit ${limit} does not give the start of the whole list`,
            { text: query },
          )
        }
      }, random)
    },
    'a filter keeps what it allows, with the same scores': async () => {
      const random = seededRandom(seed)
      const texts = generated(random)
      const index = await filled(texts)
      await queries((query) => {
        const filter = new Bitset()
        for (const ordinal of texts.keys()) if (random.chance(0.3)) filter.add(ordinal)
        const all = index.search(query, { limit: count })
        const kept = [...all.ordinals.keys()].filter((rank) => filter.has(all.ordinals[rank]!))
        for (const limit of [2, count]) {
          const ranks = kept.slice(0, limit)
          const expected = {
            ordinals: Uint32Array.from(ranks, (rank) => all.ordinals[rank]!),
            scores: Float32Array.from(ranks, (rank) => all.scores[rank]!),
          }
          expectSame(
            index.search(query, { limit, filter }),
            expected,
            'a filtered search is not the whole list with the others left out',
            { text: query },
          )
        }
      }, random)
      expectSame(
        [...index.search(vocabulary.join(' '), { limit: 5, filter: new Bitset() }).ordinals],
        [],
        'an empty filter lets documents through',
      )
    },
    'deleting and replacing leave no trace': async () => {
      const random = seededRandom(seed)
      const texts = generated(random)
      const index = await filled(texts)
      for (let step = 0; step < count; step += 1) {
        const ordinal = random.integer(0, count + 10)
        if (random.chance()) {
          expectSame(
            index.delete(ordinal),
            texts.delete(ordinal),
            'delete does not tell whether the document was there',
          )
        } else {
          const text = Array.from({ length: random.integer(0, 12) }, () => random.pick(vocabulary)).join(' ')
          texts.set(ordinal, text)
          index.set(ordinal, text)
        }
      }
      const fresh = await filled(texts)
      expectSame(index.size, fresh.size, 'the size is not that of a fresh index over the survivors')
      await queries((query) => {
        checkEqualHits(
          index.search(query, { limit: 2 * count }),
          fresh.search(query, { limit: 2 * count }),
          query,
          'scores differ from those of a fresh index over the survivors',
        )
      }, random)
      for (const ordinal of texts.keys()) index.delete(ordinal)
      expectSame(
        [index.size, index.search(vocabulary.join(' '), { limit: 5 }).ordinals.length],
        [0, 0],
        'an emptied index finds something',
      )
    },
    'the order of insertion does not matter': async () => {
      const random = seededRandom(seed)
      const texts = generated(random)
      const [index, shuffled] = [await filled(texts), await filled(new Map(random.shuffle([...texts])))]
      await queries((query) => {
        checkEqualHits(
          shuffled.search(query, { limit: count }),
          index.search(query, { limit: count }),
          query,
          'another order of insertion gives other scores',
        )
      }, random)
    },
    'an explanation has the value of the score, from finite numbers': async () => {
      const random = seededRandom(seed)
      const texts = generated(random)
      const index = await filled(texts)
      await queries((query) => {
        const { ordinals, scores } = index.search(query, { limit: count })
        for (const [rank, ordinal] of ordinals.entries()) {
          const explanation = index.explain(query, ordinal)
          checkExplanation(explanation, query)
          if (!close(explanation.value, scores[rank]!))
            broken(`the explanation of ordinal ${ordinal} has another value than its score`, {
              text: query,
              expected: scores[rank],
              actual: explanation.value,
            })
          if (explanation.details.length === 0)
            broken('an explanation of a hit has no details', { text: query, actual: explanation })
        }
        const hits = new Set(ordinals)
        for (const ordinal of texts.keys())
          if (!hits.has(ordinal))
            expectSame(
              index.explain(query, ordinal).value,
              0,
              'a document that is no hit is explained by another value than 0',
              { text: query },
            )
      }, random)
    },
    'hostile queries are queries': async () => {
      const index = await filled(generated(seededRandom(seed)))
      for (const query of hostileQueries) {
        const hits = index.search(query, { limit: 10 })
        checkOrder(hits, query)
        if (hits.ordinals.length > 0)
          broken('a query without a word of the collection has hits', { text: query, actual: hits.ordinals })
        checkExplanation(index.explain(query, 0), query)
      }
    },
    'hostile documents are documents': async () => {
      const index = await make()
      const word = vocabulary[0]!
      for (const [ordinal, text] of hostileQueries.entries()) index.set(ordinal, `${text} ${word}`)
      const hits = index.search(word, { limit: hostileQueries.length })
      checkOrder(hits, word)
      expectSame(hits.ordinals.length, hostileQueries.length, 'a document is not found by its last word')
      for (const ordinal of hostileQueries.keys()) index.delete(ordinal)
      expectSame(
        [index.size, index.search(word, { limit: 5 }).ordinals.length],
        [0, 0],
        'a deleted document is found',
      )
    },
    'a bad limit or ordinal is refused': async () => {
      const index = await filled(new Map([[0, vocabulary[0]!]]))
      for (const limit of [0, -1, 1.5, Number.NaN])
        await expectRagError(
          () => index.search(vocabulary[0]!, { limit }),
          ['invalid-argument'],
          `limit ${limit}`,
        )
      for (const ordinal of [-1, 0.5, Number.NaN])
        await expectRagError(() => index.set(ordinal, 'a'), ['invalid-argument'], `ordinal ${ordinal}`)
      expectSame(index.size, 1, 'a refused ordinal changed the size')
    },
    'a result is not overwritten by the next search': async () => {
      const index = await filled(generated(seededRandom(seed)))
      const first = index.search(vocabulary[0]!, { limit: 10 })
      const copy = { ordinals: first.ordinals.slice(), scores: first.scores.slice() }
      index.search(vocabulary.slice(1, 4).join(' '), { limit: 10 })
      expectSame(first, copy, 'the next search overwrote the result of the last')
    },
    'searching and building again give the same hits': async () => {
      const random = seededRandom(seed)
      const texts = generated(random)
      const [index, again] = [await filled(texts), await filled(texts)]
      await queries((query) => {
        const hits = index.search(query, { limit: 10 })
        expectSame(index.search(query, { limit: 10 }), hits, 'the same search gives other hits', {
          text: query,
        })
        expectSame(again.search(query, { limit: 10 }), hits, 'an index built alike gives other hits', {
          text: query,
        })
      }, random)
    },
  }
  return makeLaws(checks, { ...options, seed })
}

/** Equal up to the rounding of 32-bit scores. */
function close(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * Math.max(1e-3, Math.abs(a), Math.abs(b))
}

function checkExplanation(explanation: Explanation, query: string): void {
  if (!Number.isFinite(explanation.value))
    broken('an explanation holds a number that is not finite', { text: query, actual: explanation })
  if (explanation.description === '')
    broken('an explanation has no description', { text: query, actual: explanation })
  for (const detail of explanation.details) checkExplanation(detail, query)
}
