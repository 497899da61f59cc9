import { generateTexts, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { analyze, TokenSpans } from '../analysis/analyzer.js'
import { englishAnalyzer } from '../analysis/english.js'
import { FIELD_GAP, Sequence, Sequences } from './sequences.js'
import { StringTable } from './string-table.js'
import { TokenCache } from './token-cache.js'

const analyzer = englishAnalyzer()

function setUp() {
  const terms = new StringTable()
  return { terms, cache: new TokenCache(analyzer, terms), spans: new TokenSpans() }
}

function write(sequences: Sequences, text: string, { cache, spans }: ReturnType<typeof setUp>): void {
  analyzer.tokenize(text, spans)
  for (let first = 0; first < spans.count; ) {
    const count = cache.read(text, spans, first)
    sequences.writeTokens(cache.codes, count, cache)
    first += count
  }
}

function shown(sequence: Sequence, terms: StringTable): string[] {
  return Array.from(
    { length: sequence.count },
    (_, i) => `${terms.text(sequence.terms[i]!)}@${sequence.positions[i]}/${sequence.fields[i]}`,
  )
}

describe('Sequences', () => {
  it('give back the terms and positions that analyze gives, for any text', () => {
    const parts = setUp()
    const sequences = new Sequences()
    const texts = [
      'The call of getUserById(42) in C++, not the A-123/b.',
      ...generateTexts({ seed: 9, count: 300, hugeLineUnits: 20_000 }),
    ]
    for (const text of texts) {
      sequences.begin()
      write(sequences, text, parts)
      sequences.keep()
    }
    const sequence = new Sequence()
    for (const [number, text] of texts.entries()) {
      sequences.read(number, sequence)
      const expected = analyze(analyzer, text).map((term) => `${term.text}@${term.position}/-1`)
      expect(shown(sequence, parts.terms)).toEqual(expected)
    }
  })

  it('keep fields apart by a gap, drop what was begun and not kept', () => {
    const parts = setUp()
    const sequences = new Sequences()
    sequences.begin()
    write(sequences, 'never kept', parts)
    sequences.begin()
    sequences.beginField(2)
    write(sequences, 'red fox', parts)
    sequences.beginField(0)
    sequences.beginField(1)
    write(sequences, 'hen', parts)
    sequences.keep()
    const sequence = new Sequence()
    sequences.read(0, sequence)
    expect(shown(sequence, parts.terms)).toEqual([
      `red@${FIELD_GAP}/2`,
      `fox@${FIELD_GAP + 1}/2`,
      `hen@${3 * FIELD_GAP + 2}/1`,
    ])
  })

  it('are copied under new numbers of terms', () => {
    const parts = setUp()
    const random = seededRandom(4)
    const sequences = new Sequences()
    for (let number = 0; number < 50; number++) {
      sequences.begin()
      for (let field = 0; field < 3; field++) {
        sequences.beginField(field)
        write(
          sequences,
          Array.from({ length: random.integer(0, 30) }, () => `w${'abc'[random.integer(0, 2)]}`).join(' '),
          parts,
        )
      }
      sequences.keep()
    }
    const shift = Uint32Array.from({ length: parts.terms.size }, (_, term) => term + 70_000)
    const copy = new Sequences()
    const [before, after] = [new Sequence(), new Sequence()]
    for (let number = 49; number >= 0; number--) sequences.copyTo(copy, number, shift, before)
    for (let number = 0; number < 50; number++) {
      sequences.read(number, before)
      copy.read(49 - number, after)
      expect([...after.terms.subarray(0, after.count)]).toEqual(
        [...before.terms.subarray(0, before.count)].map((term) => term + 70_000),
      )
      expect(after.positions.subarray(0, after.count)).toEqual(before.positions.subarray(0, before.count))
      expect(after.fields.subarray(0, after.count)).toEqual(before.fields.subarray(0, before.count))
    }
  })
})
