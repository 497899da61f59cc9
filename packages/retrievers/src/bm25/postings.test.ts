import { seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { ROW_LARGE } from './frequency-rows.js'
import { LARGE } from './posting-layout.js'
import { Postings } from './postings.js'

/** Appends a posting with this frequency. */
function append(postings: Postings, term: number, document: number, frequency: number): void {
  postings.countUp(term, frequency)
  postings.append(term, document, 100)
}

describe('postings', () => {
  it('are what was appended, whatever blocks they went through', () => {
    const random = seededRandom(11)
    const postings = new Postings()
    const expected: { documents: number[]; frequencies: number[] }[] = []
    const terms = 60
    for (let term = 0; term < terms; term++) expected.push({ documents: [], frequencies: [] })
    for (let document = 0; document < 40_000; document++) {
      for (let times = 0; times < 3; times++) {
        const term = Math.floor(terms ** random()) - 1
        const { documents, frequencies } = expected[term]!
        if (documents.at(-1) === document) continue
        const frequency = random.chance(0.02) ? random.integer(LARGE - 1, 500) : random.integer(1, 20)
        append(postings, term, document, frequency)
        documents.push(document)
        frequencies.push(frequency)
        if (!random.chance(0.001)) continue
        // Reading makes the last block ready to be read, which is appended to afterwards.
        const i = random.integer(0, documents.length - 1)
        expect(postings.frequency(term, documents[i]!)).toBe(frequencies[i])
      }
    }
    const largest = expected.flatMap(({ frequencies }) => frequencies.filter((one) => one >= LARGE))
    expect(largest.length).toBeGreaterThan(100)
    expect([...postings.largeFrequencies.values()].sort()).toEqual([...largest].sort())
    for (const [term, { documents, frequencies }] of expected.entries()) {
      const read = postings.read(term)
      expect([...read.documents]).toEqual(documents)
      expect([...read.frequencies]).toEqual(frequencies)
      expect(postings.count(term)).toBe(documents.length)
    }
  })

  it('keep their row right when they move', () => {
    const postings = new Postings()
    const ofDocument = (document: number) => (document % 3 === 0 ? 0 : 1 + (document % 16))
    let count = 0
    for (let document = 0; count < 20_000; document++) {
      const frequency = ofDocument(document)
      if (frequency === 0) continue
      append(postings, 0, document, frequency)
      if (++count % 700 !== 0) continue
      const row = postings.rows.of(postings, 0, document + 1)
      if (count < 1024) continue
      for (let other = 0; other <= document; other++) {
        const nibble = (row![other >>> 1]! >>> ((other & 1) << 2)) & 15
        if (nibble !== Math.min(ofDocument(other), ROW_LARGE)) expect(`${count}: ${other}`).toBe('')
      }
    }
  })

  it('leave no hole behind: rarer terms grow into what they left', () => {
    const postings = new Postings()
    const perTerm = 4032
    const terms = 64
    for (let term = 0; term < terms; term++)
      for (let document = 0; document < perTerm; document++) append(postings, term, document, 1)
    expect(postings.pages.length).toBe(Math.ceil((terms + 1) / 16))
  })

  it('read from a snapshot or compacted take no spare room, and grow again', () => {
    const postings = new Postings()
    for (const count of [3, 100, 1500, 70_000, 140_000]) {
      const term = count
      postings.reserve(term, count)
      for (let document = 0; document < count; document++) append(postings, term, document, 2)
    }
    expect(postings.pages.length).toBe(Math.ceil(211_603 / 65_536))
    for (const term of [3, 100, 1500, 70_000, 140_000]) {
      for (let document = term; document < term + 3000; document++) append(postings, term, document, 2)
      expect(postings.read(term).documents).toEqual(Uint32Array.from({ length: term + 3000 }, (_, i) => i))
    }
  })
})
