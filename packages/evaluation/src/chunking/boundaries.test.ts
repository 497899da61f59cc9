import { describe, expect, it } from 'vitest'
import { boundaryAccuracy, contentCoverage } from './boundaries.js'

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
