import { describe, expect, it } from 'vitest'
import { familyOf } from './families.js'
import { contentIds, frameOf, pairFrameOf } from './frame.js'
import type { Encoded, EncodeOptions, LibraryTokenizer } from './library.js'
import { OversizeCount, piecesOf } from './pieces.js'
import { addPooled, toUnitLength } from './pooling.js'
import { planRuns } from './runs.js'

/** Ids are code points; the frame is the one given, as RoBERTa or BERT would have it. */
function toyTokenizer(frame: { before: number[]; between: number[]; after: number[]; types: boolean }) {
  const encode = (text: string, options: EncodeOptions): Encoded => {
    const ids = (part: string) => Array.from(part, (character) => character.codePointAt(0)!)
    if (!options.add_special_tokens) return { input_ids: ids(text) }
    const pair = options.text_pair === undefined ? [] : [...frame.between, ...ids(options.text_pair)]
    const first = [...frame.before, ...ids(text)]
    const input_ids = [...first, ...pair, ...frame.after]
    const types = input_ids.map((_, place) =>
      options.text_pair !== undefined && place >= first.length + frame.between.length ? 1 : 0,
    )
    return { input_ids, ...(frame.types && { token_type_ids: types }) }
  }
  return Object.assign(encode, { model_max_length: 512, pad_token_id: 0 }) satisfies LibraryTokenizer
}

describe('the frame around a text', () => {
  it('is read off the tokenizer, whatever it is', () => {
    const bert = toyTokenizer({ before: [1], between: [2], after: [2], types: true })
    expect(frameOf(bert)).toEqual({ before: [1], after: [2] })
    expect(pairFrameOf(bert)).toEqual({
      before: [1],
      between: [2],
      after: [2],
      beforeType: [0],
      firstType: 0,
      betweenType: [0],
      secondType: 1,
      afterType: [1],
    })
    const roberta = toyTokenizer({ before: [0], between: [2, 2], after: [2], types: false })
    expect(pairFrameOf(roberta)).toMatchObject({ before: [0], between: [2, 2], after: [2], secondType: 0 })
    const last = toyTokenizer({ before: [], between: [], after: [9], types: false })
    expect(frameOf(last)).toEqual({ before: [], after: [9] })
    expect(contentIds(last, 'ab')).toEqual([97, 98])
  })

  it('is refused when the tokenizer hides the text', () => {
    const strange = Object.assign(
      (_text: string, options: EncodeOptions) => ({ input_ids: options.add_special_tokens ? [7] : [8] }),
      { model_max_length: 512, pad_token_id: undefined },
    )
    expect(() => frameOf(strange)).toThrow('changes a text when it adds its special tokens')
    expect(() => pairFrameOf(strange)).toThrow('Use another export of the model.')
  })
})

describe('texts over the window', () => {
  const ids = Array.from({ length: 10 }, (_, i) => i)

  it('are split into pieces of about equal length that lose nothing', () => {
    for (const room of [1, 2, 3, 4, 7, 9, 10, 11]) {
      const count = new OversizeCount()
      const pieces = piecesOf(ids, room, 'split', 0, count)
      expect(pieces.flat()).toEqual(ids)
      const lengths = pieces.map((piece) => piece.length)
      expect(Math.max(...lengths)).toBeLessThanOrEqual(room)
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1)
      expect(count.report('split')?.pieces).toBe(room >= 10 ? undefined : pieces.length)
    }
  })

  it('are cut or refused when asked', () => {
    const count = new OversizeCount()
    expect(piecesOf(ids, 4, 'truncate', 0, count)).toEqual([[0, 1, 2, 3]])
    expect(count.report('truncate')).toEqual({ action: 'truncate', texts: 1, pieces: 1, dropped: 6 })
    expect(() => piecesOf(ids, 4, 'refuse', 3, count)).toThrow('Text 3 has 10 tokens, the model reads 4.')
  })
})

describe('runs', () => {
  it('hold every sequence once, neighbours in length, within both limits', () => {
    const lengths = [5, 300, 7, 5, 90, 2000, 91, 6, 9000]
    const runs = planRuns(lengths, { textsPerRun: 3, tokensPerRun: 400 })
    expect(runs.flat().toSorted((a, b) => a - b)).toEqual(lengths.map((_, place) => place))
    expect(runs.map((run) => run.map((place) => lengths[place]))).toEqual([
      [5, 5, 6],
      [7, 90, 91],
      [300],
      [2000],
      [9000],
    ])
    expect(planRuns([], { textsPerRun: 3, tokensPerRun: 400 })).toEqual([])
  })
})

describe('pooling', () => {
  const states = Float32Array.of(9, 9, 1, 2, 3, 4, 5, 12, 9, 9)
  const pool = (mode: 'mean' | 'cls' | 'last') => {
    const out = new Float64Array(2)
    addPooled(states, 2, 3, 2, mode, out)
    return [...out]
  }

  it('takes the mean, the first or the last token', () => {
    expect(pool('mean')).toEqual([3, 6])
    expect(pool('cls')).toEqual([1, 2])
    expect(pool('last')).toEqual([5, 12])
  })

  it('scales to unit length what has a direction', () => {
    const vector = Float64Array.of(3, 4)
    toUnitLength(vector)
    expect([...vector]).toEqual([0.6000000000000001, 0.8])
    const zero = new Float64Array(2)
    toUnitLength(zero)
    expect([...zero]).toEqual([0, 0])
  })
})

describe('families of models', () => {
  it('know pooling and prefixes by name, on the hub and in a folder', () => {
    expect(familyOf('Xenova/e5-small-v2')).toEqual({
      pooling: 'mean',
      prefixes: { query: 'query: ', document: 'passage: ' },
    })
    expect(familyOf('/models/multilingual-e5-large/')?.prefixes.document).toBe('passage: ')
    expect(familyOf('intfloat/multilingual-e5-large-instruct')?.prefixes.query).toContain('Query: ')
    expect(familyOf('BAAI/bge-small-en-v1.5')).toMatchObject({ pooling: 'cls' })
    expect(familyOf('BAAI/bge-m3')?.prefixes).toEqual({ query: '', document: '' })
    expect(familyOf('nomic-ai/nomic-embed-text-v1.5')?.prefixes).toEqual({
      query: 'search_query: ',
      document: 'search_document: ',
    })
    expect(familyOf('Xenova/all-MiniLM-L6-v2')).toMatchObject({ pooling: 'mean' })
    expect(familyOf('someone/something')).toBeUndefined()
  })
})
