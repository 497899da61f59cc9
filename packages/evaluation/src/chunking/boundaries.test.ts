import { describe, expect, it } from 'vitest'
import { boundaryAccuracy, chunkingEfficiency, contentCoverage, contextPreservation } from './boundaries.js'

const text = 'One two. Three four.\n\nFive six.'
const sentences = [
  { start: 0, end: 8 },
  { start: 9, end: 20 },
  { start: 22, end: 31 },
]

describe('contentCoverage', () => {
  it('ignores blanks and counts overlapped text once', () => {
    expect(contentCoverage(sentences, text)).toBe(1)
    expect(
      contentCoverage(
        [
          { start: 0, end: 31 },
          { start: 3, end: 9 },
        ],
        text,
      ),
    ).toBe(1)
    const visible = text.replace(/\s/g, '').length
    expect(contentCoverage([{ start: 0, end: 8 }], text)).toBe(7 / visible)
    expect(contentCoverage([], '  \n ')).toBe(1)
    expect(contentCoverage([], text)).toBe(0)
  })

  it('takes the no-break space for a blank', () => {
    expect(contentCoverage([{ start: 0, end: 1 }], 'a\u00a0')).toBe(1)
  })
})

describe('boundaryAccuracy', () => {
  it('counts the inner ends that lie on a border, whatever blanks are between', () => {
    expect(
      boundaryAccuracy(
        [
          { start: 0, end: 9 },
          { start: 9, end: 31 },
        ],
        sentences,
        text,
      ),
    ).toBe(1)
    expect(
      boundaryAccuracy(
        [
          { start: 0, end: 20 },
          { start: 20, end: 31 },
        ],
        sentences,
        text,
      ),
    ).toBe(1)
    expect(
      boundaryAccuracy(
        [
          { start: 0, end: 3 },
          { start: 3, end: 31 },
        ],
        sentences,
        text,
      ),
    ).toBe(0)
    expect(
      boundaryAccuracy(
        [
          { start: 0, end: 8 },
          { start: 4, end: 31 },
        ],
        sentences,
        text,
      ),
    ).toBe(0.5)
  })

  it('is 1 where there is no inner border, and does not depend on order', () => {
    expect(boundaryAccuracy([{ start: 0, end: 31 }], sentences, text)).toBe(1)
    const chunks = [
      { start: 14, end: 31 },
      { start: 0, end: 14 },
    ]
    expect(boundaryAccuracy(chunks, sentences, text)).toBe(
      boundaryAccuracy([...chunks].reverse(), sentences, text),
    )
  })
})

describe('contextPreservation', () => {
  const [first, second, third] = sentences as [
    (typeof sentences)[0],
    (typeof sentences)[0],
    (typeof sentences)[0],
  ]

  it('is the share of references with both ends in one chunk, whichever way they point', () => {
    const references = [
      { from: first, to: second },
      { from: third, to: first },
      { from: second, to: second },
      { from: { start: 15, end: 23 }, to: third },
    ]
    expect(contextPreservation([{ start: 0, end: 20 }, third], references)).toBe(2 / 4)
    expect(contextPreservation([{ start: 0, end: 31 }], references)).toBe(1)
    expect(contextPreservation([], references)).toBe(0)
    expect(contextPreservation([], [])).toBe(1)
  })

  it('lets chunks that overlap keep what chunks that do not would part', () => {
    const references = [{ from: first, to: second }]
    expect(contextPreservation(sentences, references)).toBe(0)
    expect(
      contextPreservation([...sentences, { start: 4, end: 20 }, { start: 0, end: 20 }], references),
    ).toBe(1)
  })
})

describe('chunkingEfficiency', () => {
  it('falls with overlaps, with blanks and with the number of chunks', () => {
    const visible = text.replace(/\s/g, '').length
    expect(chunkingEfficiency([{ start: 0, end: text.length }], text)).toBe(visible / text.length)
    expect(chunkingEfficiency(sentences, text)).toBeCloseTo(visible / 28 / 3)
    expect(chunkingEfficiency([...sentences, sentences[0]!], text)).toBeCloseTo(visible / 36 / 4)
    expect(chunkingEfficiency([], text)).toBe(0)
    expect(chunkingEfficiency([{ start: 3, end: 3 }], text)).toBe(0)
  })
})
