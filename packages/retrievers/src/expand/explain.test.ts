import type { Explanation } from '@tesserae/core'
import { fakeLanguageModel, fakeRetriever } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { explainHit } from '../explain-hit.js'
import { explanationText } from '../explain-text.js'
import { reciprocalRankFusion } from '../fusion/reciprocal-rank.js'
import { hybridRetriever } from '../hybrid.js'
import { feedbackRetriever } from './feedback/feedback-retriever.js'
import { normalizedRetriever } from './normalize-query.js'
import { rewriteRetriever } from './rewrite.js'
import { synonymRetriever } from './synonyms.js'
import { chunkOf, lexicalOver } from './testing/library.js'

const places = [
  chunkOf('mi', 'Myocardial infarction: signs and treatment.'),
  chunkOf('attack', 'A heart attack needs help at once; infarction is its other name.'),
  chunkOf('pets', 'Pets need consent.'),
]
const synonyms = [['heart attack', 'myocardial infarction']]
const descriptions = ({ description, details }: Explanation): string[] => [
  description,
  ...details.flatMap(descriptions),
]

describe('explaining what a stage found', () => {
  it('leads from the final score down to terms, query by query', async () => {
    const retriever = synonymRetriever(await lexicalOver(places), { synonyms })
    const hits = await retriever.retrieve('heart attack')
    expect(hits).toHaveLength(2)
    for (const hit of hits) {
      const tree = await explainHit(retriever, 'heart attack', hit)
      expect(tree.value).toBe(hit.score)
      expect(tree.details.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(hit.score, 12)
      const told = descriptions(tree)
      expect(told).toContain('leg "synonyms/original": weight × value')
      expect(told).toContain('leg "synonyms/synonyms": weight × value')
      expect(told.join('\n')).toMatch(/idf/)
    }
  })

  it('goes through stages and hybrids around each other', async () => {
    const inner = synonymRetriever(await lexicalOver(places), { synonyms })
    const outer = rewriteRetriever(
      hybridRetriever([inner, await lexicalOver(places)], { fusion: reciprocalRankFusion() }),
      { model: fakeLanguageModel(() => '{"rewritten": "myocardial infarction signs"}') },
    )
    const [best] = await outer.retrieve('heart attack')
    const told = descriptions(await explainHit(outer, 'heart attack', best!)).join('\n')
    expect(told).toContain('leg "rewrite/rewritten"')
    expect(told).toContain('leg "synonyms/synonyms"')
    expect(told).toMatch(/idf/)
  })

  it('is that of the plain retriever when that served alone', async () => {
    const plain = await lexicalOver(places)
    const retriever = rewriteRetriever(plain, { model: fakeLanguageModel(() => 'no JSON') })
    const [best] = await retriever.retrieve('heart attack')
    expect(await explainHit(retriever, 'heart attack', best!)).toEqual(
      await explainHit(plain, 'heart attack', best!),
    )
    expect(await retriever.explain?.('heart attack', 'pets')).toBeUndefined()
  })

  it('is the trace when the retriever has nothing to say, or answers otherwise now', async () => {
    const hits = await (await lexicalOver(places)).retrieve('heart')
    const silent = synonymRetriever(fakeRetriever(hits), { synonyms: [['heart', 'pets']] })
    const [best] = await silent.retrieve('heart')
    expect((await explainHit(silent, 'heart', best!)).value).toBe(best!.score)
    let call = 0
    const answers = ['{"rewritten": "infarction"}', '{"rewritten": "pets"}']
    const moody = rewriteRetriever(await lexicalOver(places), {
      model: fakeLanguageModel(() => answers[call++ % 2]!),
    })
    const found = (await moody.retrieve('heart')).find(({ chunk }) => chunk.id === 'mi')
    expect((await explainHit(moody, 'heart', found!)).description).toContain('by its trace')
  })

  it('explains feedback by the words it searched for, and a normalised query by what is left', async () => {
    for (const retriever of [
      feedbackRetriever(await lexicalOver(places), { documents: 1 }),
      normalizedRetriever(await lexicalOver(places)),
    ]) {
      const [best] = await retriever.retrieve('  heart \u0000 attack')
      const tree = await explainHit(retriever, '  heart \u0000 attack', best!)
      expect(Math.fround(tree.value)).toBe(Math.fround(best!.score))
      expect(descriptions(tree).join('\n')).toMatch(/idf/)
    }
  })
})

describe('explanationText', () => {
  const tree: Explanation = {
    value: 1 / 3,
    description: 'sum\nof two',
    details: [
      { value: 2e-7, description: 'a', details: [{ value: 12345678, description: 'count', details: [] }] },
      { value: -0.5, description: 'b', details: [] },
    ],
  }

  it('is a line per number, indented', () => {
    expect(explanationText(tree)).toBe('0.3333  sum of two\n  2e-7  a\n    12350000  count\n  -0.5  b')
    expect(explanationText(tree, { digits: 10, depth: 1 })).toBe(
      '0.3333333333  sum of two\n  2e-7  a\n  -0.5  b',
    )
    expect(explanationText(tree, { depth: 0 })).toBe('0.3333  sum of two')
  })

  it('refuses what is none', () => {
    // @ts-expect-error: what callers without types may pass
    expect(() => explanationText(undefined)).toThrow('explanation')
    expect(() => explanationText(tree, { digits: 0 })).toThrow('digits')
  })
})
