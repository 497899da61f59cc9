import type { RagEvent } from '@tesserae/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { referenceScores, sharedModel } from '../testing/shared.js'
import { type TransformersCrossEncoder, transformersCrossEncoder } from './cross-encoder.js'

const { folder, present, reason } = sharedModel('cross-encoder-small')

describe.skipIf(!present)(`a small cross-encoder${reason}`, () => {
  const items = present ? referenceScores(folder) : []
  const long = items.at(-1)
  let model: TransformersCrossEncoder
  beforeAll(async () => {
    model = await transformersCrossEncoder({ path: folder, dataType: 'q8', oversize: 'truncate' })
  })
  afterAll(() => model.dispose())

  it('gives the reference score of every pair: empty ones, and one cut with its last [SEP] kept', async () => {
    for (const { query, text, logit, logitInt8 } of items) {
      const [score] = await model.score(query, [text])
      expect(Math.abs(score! - logitInt8), `${query} | ${text.slice(0, 40)}`).toBeLessThan(2e-4)
      expect(Math.abs(score! - logit)).toBeLessThan(0.7)
    }
  })

  it('scores passages in their order, each as if it were alone', async () => {
    const query = items[0]!.query
    const passages = items.slice(0, 24).map(({ text }) => text)
    const together = await model.score(query, passages)
    expect(together).toHaveLength(24)
    for (const at of [0, 7, 23]) expect((await model.score(query, [passages[at]!]))[0]).toBe(together[at])
    expect(await model.score(query, [])).toHaveLength(0)
  })

  it('computes together what it is told to, in another order than given', async () => {
    const batched = await transformersCrossEncoder({ path: folder, dataType: 'q8', textsPerRun: 8 })
    const query = items[0]!.query
    const passages = items.slice(0, 24).map(({ text }) => text)
    const one = await model.score(query, passages)
    const eight = await batched.score(query, passages)
    for (const [place, score] of eight.entries()) expect(Math.abs(score - one[place]!)).toBeLessThan(1)
    expect(eight.indexOf(Math.max(...eight))).toBe(one.indexOf(Math.max(...one)))
    await batched.dispose()
  })

  it('finds the best part of a long passage by default', async () => {
    const split = await transformersCrossEncoder({ path: folder, dataType: 'q8' })
    const answer = 'The tenant pays a deposit of two months of rent.'
    const filler = 'Apples are grown in orchards on the southern slopes of the hills. '.repeat(40)
    const events: RagEvent[] = []
    const [atEnd, without] = await split.score('Who pays the deposit?', [filler + answer, filler], {
      observer: (event) => events.push(event),
    })
    expect(atEnd! - without!).toBeGreaterThan(1)
    expect(events[1]).toMatchObject({ type: 'score.oversize', labels: { action: 'split' } })
    expect(events[1]?.counts).toMatchObject({ texts: 2, dropped: 0 })
    const [cut, cutWithout] = await model.score('Who pays the deposit?', [filler + answer, filler])
    expect(cut).toBeCloseTo(cutWithout!, 5)
    await split.dispose()
  })

  it('refuses what it is told to refuse, and a query that leaves no room', async () => {
    const strict = await transformersCrossEncoder({ path: folder, dataType: 'q8', oversize: 'refuse' })
    await expect(strict.score(long!.query, ['short', long!.text])).rejects.toThrow(/^Text 1 has \d+ tokens/)
    const query = 'who pays what to whom and when '.repeat(30)
    await expect(strict.score(query, ['short'])).rejects.toThrow(
      'The query has 210 tokens, of which this model can read 126 beside a passage. Shorten it, or set `oversize` to "truncate".',
    )
    expect(await model.score(query, ['short'])).toHaveLength(1)
    await strict.dispose()
    await expect(strict.score('after', ['that'])).rejects.toThrow('was disposed of')
  })

  it('checks what it is given', async () => {
    // @ts-expect-error: callers without types exist.
    await expect(model.score(7, ['a'])).rejects.toThrow('`query` must be a string, got 7.')
    // @ts-expect-error: callers without types exist.
    await expect(model.score('a', [null])).rejects.toThrow('`passages[0]` must be a string, got null.')
    await expect(transformersCrossEncoder({ path: folder, dataType: 'q8', label: 1 })).rejects.toThrow(
      '`label` must be below 1, the labels of this model, got 1.',
    )
    const signal = AbortSignal.abort(new Error('no'))
    await expect(model.score('a', ['b'], { signal })).rejects.toThrow('no')
  })

  it('runs in WebAssembly too', async () => {
    const wasm = await transformersCrossEncoder({ path: folder, dataType: 'q8', backend: 'wasm' })
    for (const { query, text, logit } of items.slice(0, 4)) {
      const [score] = await wasm.score(query, [text])
      expect(Math.abs(score! - logit)).toBeLessThan(0.7)
    }
    await wasm.dispose()
  })
})
