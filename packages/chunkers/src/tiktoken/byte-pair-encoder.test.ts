import { seededRandom } from '@tesserae/core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BytePairEncoder } from './byte-pair-encoder.js'
import { loadVocabulary, parseRanks, type Vocabulary } from './vocabulary.js'

/** The definition: join the leftmost adjacent pair of lowest rank until no pair is a token. */
function mergeByRank(piece: string, ranks: ReadonlyMap<string, number>): string[] {
  if (ranks.has(piece)) return [piece]
  const parts = [...piece]
  for (;;) {
    let best = -1
    let bestRank = Number.POSITIVE_INFINITY
    for (let i = 0; i + 1 < parts.length; i++) {
      const rank = ranks.get(parts[i]! + parts[i + 1]!) ?? Number.POSITIVE_INFINITY
      if (rank < bestRank) {
        best = i
        bestRank = rank
      }
    }
    if (best < 0) return parts
    parts.splice(best, 2, parts[best]! + parts[best + 1]!)
  }
}

function encodePiece(encoder: BytePairEncoder, piece: string): string[] {
  const encoded = Buffer.from(piece, 'latin1')
  const bytes = new Uint8Array(encoded.length + 8)
  bytes.set(encoded)
  const ends = new Uint32Array(encoded.length)
  const isDead = new Uint8Array(encoded.length + 1)
  const view = new DataView(bytes.buffer)
  const pieceEnds = Uint32Array.of(encoded.length)
  const count = encoder.encode(bytes, view, 0, pieceEnds, 1, ends, 0, isDead)
  return [...ends.subarray(0, count)].map((end, i) => piece.slice(i === 0 ? 0 : ends[i - 1]!, end))
}

/** Merges learnt as byte-pair encoding learns them, over random text of few letters: many overlaps and ties. */
function learntVocabulary(seed: number, merges: number): { vocabulary: Vocabulary; tokens: string[] } {
  const random = seededRandom(seed)
  let words = Array.from({ length: 60 }, () =>
    Array.from({ length: 2 + Math.floor(random() * 8) }, () => 'aabbc'.charAt(Math.floor(random() * 5))),
  )
  const tokens = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
  for (let n = 0; n < merges; n++) {
    const counts = new Map<string, number>()
    for (const word of words) {
      for (let i = 0; i + 1 < word.length; i++) {
        const pair = word[i]! + word[i + 1]!
        if (!tokens.includes(pair)) counts.set(pair, (counts.get(pair) ?? 0) + 1)
      }
    }
    const best = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]
    if (best === undefined) break
    tokens.push(best[0])
    const ranks = new Map(tokens.map((token, rank) => [token, rank]))
    words = words.map((word) => mergeByRank(word.join(''), ranks))
  }
  const base64 = tokens.map((token) => Buffer.from(token, 'latin1').toString('base64')).join(' ')
  return { vocabulary: parseRanks(`! 0 ${base64}`), tokens }
}

describe('BytePairEncoder', () => {
  it('gives the tokens that merging by rank gives, in learnt vocabularies', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const { vocabulary, tokens } = learntVocabulary(seed, 60)
      const ranks = new Map(tokens.map((token, rank) => [token, rank]))
      const encoder = new BytePairEncoder(vocabulary)
      fc.assert(
        fc.property(
          fc.string({
            unit: fc.constantFrom('a', 'b', 'c', 'aaaaaaaa', 'abababab'),
            minLength: 1,
            maxLength: 40,
          }),
          (piece) => {
            expect(encodePiece(encoder, piece)).toEqual(mergeByRank(piece, ranks))
          },
        ),
        { numRuns: 300, seed },
      )
    }
  })

  it('takes a token that no merge makes only for a whole piece', () => {
    const { vocabulary } = (() => {
      const tokens = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
      // "abc" cannot be made: neither "ab" nor "bc" is a token.
      tokens.push('abc', 'xa')
      const base64 = tokens.map((token) => Buffer.from(token, 'latin1').toString('base64')).join(' ')
      return { vocabulary: parseRanks(`! 0 ${base64}`) }
    })()
    const encoder = new BytePairEncoder(vocabulary)
    expect(encodePiece(encoder, 'abc')).toEqual(['abc'])
    expect(encodePiece(encoder, 'abcd')).toEqual(['a', 'b', 'c', 'd'])
    expect(encodePiece(encoder, 'xabc')).toEqual(['xa', 'b', 'c'])
  })

  it('tries a bounded number of tokens a byte, however long the piece', async () => {
    const encoder = new BytePairEncoder(await loadVocabulary('cl100k_base'))
    const o200k = new BytePairEncoder(await loadVocabulary('o200k_base'))
    const random = seededRandom(2)
    const letters = Array.from({ length: 40_000 }, () => String.fromCharCode(97 + Math.floor(random() * 26)))
    const makers: readonly ((length: number) => string)[] = [
      (length) => 'a'.repeat(length),
      (length) => ' '.repeat(length),
      (length) => 'ab'.repeat(length / 2),
      (length) => '\xe5\xad\x97\xe7'.repeat(length / 4),
      (length) => letters.slice(0, length).join(''),
      (length) => '\0'.repeat(length),
    ]
    for (const make of makers) {
      const tried = (length: number) => {
        const before = encoder.tried
        encodePiece(encoder, make(length))
        return (encoder.tried - before) / length
      }
      expect(tried(20_000)).toBeLessThan(4)
      expect(tried(40_000)).toBeLessThan(tried(20_000) * 1.1 + 0.01)
    }
    // o200k has tokens of 25 lengths between 1 and 112 dashes.
    encodePiece(o200k, '-'.repeat(20_000))
    expect(o200k.tried).toBeLessThan(20_000)
  })
})
