import { pieceTokenizer } from '@tesserae/core'
import { markedDocument } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { rulerOf } from '../internal/ruler.js'
import { groupPieces, packRun, sentencePieces, spansOf } from './pieces.js'

const tokenizer = pieceTokenizer()

async function piecesOf(text: string, maxTokens = 400) {
  const document = markedDocument('d', text)
  const ruler = rulerOf(tokenizer, text)
  const pieces = await sentencePieces(document, ruler, maxTokens, '', {})
  const texts = Array.from(pieces.starts, (start, i) => text.slice(start, pieces.ends[i]))
  return { ruler, pieces, texts }
}

describe('sentencePieces', () => {
  it('ranks what stands in front of each sentence', async () => {
    const { pieces, texts } = await piecesOf('One. Two.\n- three\n\nFour.\n\n# Five\n\nSix. Seven.')
    expect(texts).toEqual(['One.', 'Two.', '- three', 'Four.', '# Five\n\nSix.', 'Seven.'])
    const [, sentence, line, paragraph, heading, last] = pieces.ranks
    expect(sentence).toBe(last)
    expect(sentence).toBeLessThan(line!)
    expect(line).toBeLessThan(paragraph!)
    expect(paragraph).toBeLessThan(heading!)
  })

  it('ranks a cut inside a sentence lowest', async () => {
    const { pieces, texts } = await piecesOf('one two three four five six.', 4)
    expect(texts).toEqual(['one two three four', 'five six.'])
    expect([...pieces.ranks]).toEqual([0, 0])
  })
})

describe('groupPieces', () => {
  it('puts sentences together up to the size and never divides one', async () => {
    const { pieces, ruler, texts } = await piecesOf('One. Two. Three words more here. Four. Five.')
    expect(texts).toHaveLength(5)
    const grouped = groupPieces(pieces, ruler, 4)
    expect(spansOf(grouped, ruler, [1, 2, 3]).map((span) => span.tokens)).toEqual([4, 5, 4])
  })
})

describe('packRun', () => {
  it('cuts at the highest score in reach, the last of equals, from a quarter of the cap on', async () => {
    const { pieces, ruler } = await piecesOf('A a. B b. C c. D d. E e. F f.')
    const cut = (scores: number[], maxTokens: number, first = 0, last = pieces.size) => {
      const bounds: number[] = []
      packRun(pieces, ruler, maxTokens, scores, first, last, bounds)
      return bounds
    }
    expect(cut([0, 0, 0, 0, 0, 0], 12)).toEqual([4, 6])
    expect(cut([0, 0, 0, 5, 1, 1], 12)).toEqual([3, 6])
    expect(cut([0, 0, 5, 5, 1, 1], 12)).toEqual([3, 6])
    // A quarter of 12 is one sentence: a cut behind it would leave a crumb.
    expect(cut([0, 9, 0, 0, 0, 0], 12)).toEqual([4, 6])
    expect(cut([0, 0, 9, 0, 0, 0], 12)).toEqual([2, 6])
    // What fits is not cut, whatever the scores inside.
    expect(cut([0, 9, 9, 0, 0, 0], 12, 0, 4)).toEqual([4])
    expect(cut([0, 0, 0, 0, 9, 0], 12, 2, 6)).toEqual([6])
    expect(cut([0, 0, 0, 0, 0, 0], 1)).toEqual([1, 2, 3, 4, 5, 6])
  })
})
