import type { GenerateRequest } from '@tesserae/core'
import { memoryCache, pieceTokenizer } from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { recursiveChunker } from '../recursive.js'
import { contextualChunker } from './contextual.js'
import { estimateContextualCost } from './cost.js'

const tokenizer = pieceTokenizer()
const count = (text: string | undefined) => tokenizer.ends(text ?? '').length
const sent = (request: GenerateRequest) =>
  count(request.system) + count(request.messages[0]!.content) + count(request.messages[2]!.content)
const document = (id: string, words: number) => ({
  id,
  text: Array.from({ length: words }, (_, i) => `word${i % 7}${i % 10 === 9 ? '.' : ''}`).join(' '),
  marks: [],
  metadata: {},
})
const prices = {
  inputPricePerMillion: 0.25,
  cacheWritePricePerMillion: 0.3,
  cachedInputPricePerMillion: 0.03,
  outputPricePerMillion: 1.25,
}

describe('estimateContextualCost', () => {
  it('counts exactly what split then sends, without a call', async () => {
    for (const maxDocumentTokens of [100_000, 500]) {
      const model = fakeLanguageModel(() => 'A context.')
      const chunker = contextualChunker(recursiveChunker({ maxTokens: 60 }), { model, maxDocumentTokens })
      const documents = [document('a', 900), document('b', 30)]
      const estimate = await estimateContextualCost(documents, chunker, prices)
      expect(model.calls).toEqual([])
      let chunks = 0
      for (const each of documents) chunks += (await chunker.split(each)).length
      expect(estimate).toMatchObject({ documents: 2, chunks, calls: model.calls.length })
      expect(estimate.inputTokens).toBe(model.calls.reduce((sum, call) => sum + sent(call), 0))
      expect(estimate.outputTokens).toBe(model.calls.length * 100)
      const { prefixTokens, repeatedPrefixTokens, passageTokens, outputTokens } = estimate
      expect(estimate.cost).toBeCloseTo(
        (prefixTokens * 0.3 + repeatedPrefixTokens * 0.03 + passageTokens * 0.25 + outputTokens * 1.25) / 1e6,
        12,
      )
    }
  })

  it('comes to about the published dollar for a million document tokens', async () => {
    // Anthropic: documents of 8,000 tokens, chunks of 800, contexts of 100, $1.02 with the prices above.
    const source = document('a', 4400)
    const tokens = count(source.text)
    expect(tokens).toBeGreaterThan(7000)
    expect(tokens).toBeLessThan(10_000)
    const model = fakeLanguageModel([])
    const chunker = contextualChunker(recursiveChunker({ maxTokens: 800 }), {
      model,
      maxDocumentTokens: 20_000,
    })
    const { cost } = await estimateContextualCost(source, chunker, prices)
    const perMillion = (cost / tokens) * 1e6
    expect(perMillion).toBeGreaterThan(0.9)
    expect(perMillion).toBeLessThan(1.2)
  })

  it('leaves out what is known already', async () => {
    const cache = memoryCache<string>({ maxEntries: 100 })
    const model = fakeLanguageModel(() => 'A context.')
    const chunker = contextualChunker(recursiveChunker({ maxTokens: 60 }), { model, cache })
    const source = document('a', 200)
    await chunker.split(source)
    const again = await estimateContextualCost(source, chunker, prices)
    expect(again).toMatchObject({ calls: 0, cost: 0, inputTokens: 0, knownChunks: again.chunks })
    expect(again.chunks).toBeGreaterThan(3)
  })

  it('takes one document, many, and a stream; a prompt cache is worth its prices', async () => {
    const chunker = contextualChunker(recursiveChunker({ maxTokens: 60 }), { model: fakeLanguageModel([]) })
    async function* stream() {
      yield document('a', 200)
      yield document('b', 200)
    }
    const one = await estimateContextualCost(document('a', 200), chunker, prices)
    const two = await estimateContextualCost(stream(), chunker, prices)
    expect(two.cost).toBeCloseTo(2 * one.cost, 12)
    const { inputPricePerMillion, outputPricePerMillion } = prices
    const uncached = await estimateContextualCost(document('a', 200), chunker, {
      inputPricePerMillion,
      outputPricePerMillion,
    })
    expect(uncached.cost).toBeCloseTo((uncached.inputTokens * 0.25 + uncached.outputTokens * 1.25) / 1e6, 12)
    expect(uncached.cost).toBeGreaterThan(one.cost)
    expect(await estimateContextualCost([], chunker, prices)).toMatchObject({ documents: 0, cost: 0 })
  })

  it('refuses wrong prices and stops when aborted', async () => {
    const chunker = contextualChunker(recursiveChunker(), { model: fakeLanguageModel([]) })
    await expect(
      estimateContextualCost([], chunker, { ...prices, outputPricePerMillion: -1 }),
    ).rejects.toThrow('`outputPricePerMillion` must be a finite number of at least 0, got -1.')
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(estimateContextualCost(document('a', 9), chunker, prices, { signal })).rejects.toBe(reason)
  })
})
