import { describe, expect, it } from 'vitest'
import { BenchContext, sharedFolder } from '../harness/context.js'
import { percentile, pipelineBench } from './bench.js'
import { passages, realTexts } from './corpus.js'

const shared = sharedFolder()

describe.skipIf(shared === undefined)(
  'the way of a question (skipped without the folder of data sets)',
  () => {
    it('is timed stage by stage and as a whole, as a share of its budget', async () => {
      const options = new Map([
        ['count', '400'],
        ['queries', '25'],
      ])
      const context = new BenchContext({ quick: true, only: [], options })
      await pipelineBench.run(context)
      const { rows, ratios, skipped } = context.report('pipeline')
      expect(skipped).toEqual([])
      expect([...new Set(rows.map(({ subject }) => subject))]).toEqual([
        'embed the query',
        'lexical',
        'dense',
        'fusion',
        'rerank',
        'context',
        'whole',
      ])
      const of = (subject: string, metric: string) =>
        rows.find((row) => row.subject === subject && row.metric === metric)!.value
      expect(of('whole', 'p99')).toBeGreaterThanOrEqual(of('whole', 'p50'))
      expect(of('whole', 'p99 of the budget')).toBeCloseTo((100 * of('whole', 'p99')) / 50, 9)
      expect(ratios).toHaveLength(1)
      expect(ratios[0]!.value).toBeCloseTo(50 / of('whole', 'p99'), 9)
      expect(rows[0]!.case).toBe('400 passages, 25 questions')
    }, 60_000)

    it('is asked of passages of real sentences, the same in every run and none twice', async () => {
      const texts = (await realTexts(shared!))!
      const made = () =>
        [...passages(texts, 300)].map((item) => (item.type === 'document' ? item.document.text : ''))
      expect(made()).toEqual(made())
      expect(new Set(made()).size).toBe(300)
      expect(texts.questions.length).toBeGreaterThan(1500)
    })
  },
)

describe('percentile', () => {
  it('is the value that the share does not exceed', () => {
    const samples = [5, 1, 4, 2, 3]
    expect([0, 0.2, 0.5, 0.8, 0.81, 1].map((share) => percentile(samples, share))).toEqual([1, 1, 3, 4, 5, 5])
    expect(() => percentile([], 0.5)).toThrow('sample')
  })
})
