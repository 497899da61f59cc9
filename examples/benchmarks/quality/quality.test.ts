import { beforeAll, describe, expect, it } from 'vitest'
import { BenchContext, sharedFolder } from '../harness/context.js'
import { formatReport, type Report } from '../harness/report.js'
import { abbreviationsIn } from './abbreviations.js'
import { qualityBench } from './bench.js'

const available = sharedFolder() !== undefined

describe.skipIf(!available)('quality on judged sets (skipped without the folder of data sets)', () => {
  let report: Report
  beforeAll(async () => {
    const context = new BenchContext({ quick: false, only: ['bm25', 'lexical', 'static', 'hybrid'] })
    await qualityBench.run(context)
    report = context.report('quality')
  }, 120_000)

  const value = (subject: string, set: string) =>
    report.rows.find((row) => row.subject === subject && row.case === set && row.metric === 'nDCG@10')!.value

  it('keeps every promise, in languages that the embedder does not know too', () => {
    expect(report.skipped).toEqual([])
    expect(report.ratios.filter((ratio) => !ratio.met)).toEqual([])
    expect(report.ratios.length).toBeGreaterThan(16)
    const hybrids = report.ratios.filter(({ name }) => name.startsWith('hybrid over lexical'))
    expect(hybrids).toHaveLength(6)
  })

  it('gives textbook BM25 the figures that others publish for SciFact', () => {
    expect(value('bm25', 'scifact')).toBeGreaterThan(0.665)
    expect(value('bm25', 'scifact')).toBeLessThan(0.69)
  })

  it('prints one table per set with intervals', () => {
    const text = formatReport(report)
    for (const set of ['scifact', 'cranfield', 'xquad-en', 'xquad-de', 'xquad-ar', 'xquad-zh']) {
      expect(text).toContain(`\n${set}\n`)
    }
    expect(text).toMatch(/hybrid +0\.7\d\d \[0\.6\d\d, 0\.7\d\d\]/)
  })
})

describe.skipIf(!available)('tables of token vectors (skipped without the folder of data sets)', () => {
  it('are compared in pairs with the one that ships', async () => {
    const only = ['shipped', 'shipped + corpus weights', 'small', '64 dimensions']
    const context = new BenchContext({ quick: true, only, options: new Map([['parts', 'static']]) })
    await qualityBench.run(context)
    const { rows, ratios, skipped } = context.report('quality')
    const row = (subject: string, metric: string) =>
      rows.find(
        (found) => found.case === 'cranfield' && found.subject === subject && found.metric === metric,
      )!
    expect(skipped).toEqual([])
    expect(row('shipped', 'table').value).toBeLessThan(8)
    expect(row('shipped + corpus weights', 'over shipped').low).toBeGreaterThan(0)
    expect(row('small', 'over shipped').high).toBeGreaterThan(0)
    expect(row('64 dimensions', 'over shipped').high).toBeLessThan(-0.05)
    expect(ratios.map(({ name, met }) => `${name}: ${met}`)).toEqual([
      'shipped on cranfield, as a study: true',
      'shipped with corpus weights on cranfield, as a study: true',
    ])
  }, 60_000)
})

describe.skipIf(!available)('fusions and stages (skipped without the folder of data sets)', () => {
  const run = async (part: string, only: readonly string[], quick = true) => {
    const context = new BenchContext({ quick, only, options: new Map([['parts', part]]) })
    await qualityBench.run(context)
    return context.report('quality')
  }

  it('compare in pairs with the search that they are built on', async () => {
    const only = ['lexical', 'hybrid', 'normalised', 'RM3', 'late interaction', 'MMR']
    const { rows, ratios } = await run('stages', only)
    const gain = (subject: string) =>
      rows.find(
        (row) => row.case === 'cranfield' && row.subject === subject && row.metric === 'order over hybrid',
      )!
    expect(gain('normalised').value).toBe(0)
    expect(gain('RM3').low).toBeGreaterThan(0)
    expect(gain('MMR').high).toBeLessThan(0)
    expect(rows.some(({ metric }) => metric === 'order over lexical')).toBe(true)
    expect(ratios.filter(({ met }) => !met)).toEqual([])
    expect(ratios.map(({ name }) => name.split(' loses')[0])).toEqual([
      'hybrid',
      'normalised',
      'late interaction',
    ])
  }, 60_000)

  it('hold the default hybrid to BM25, and feedback to what is published', async () => {
    const only = ['bm25', 'bm25 + RM3', 'bm25 + RM3, 10 and 10', 'static default', 'static rrf']
    const { rows, ratios, notes } = await run('fusion', only)
    expect(ratios.map(({ name, met }) => `${name}: ${met}`)).toEqual([
      'static default on cranfield over bm25: true',
      'RM3 on cranfield, MAP@100 over bm25: true',
      'RM3 on cranfield, MAP@100 over RM3 as published elsewhere: true',
      'static default on adi over bm25: true',
    ])
    const over = (subject: string) =>
      rows.find((row) => row.case === 'cranfield' && row.subject === subject && row.metric === 'over bm25')!
    expect(over('static default').low).toBeGreaterThan(0)
    expect(over('static default').value).toBeGreaterThan(over('static rrf').value)
    expect(notes.some((note) => note.includes('Anserini'))).toBe(true)
  }, 60_000)

  it('find abbreviations that texts explain', () => {
    const texts = [
      'The transforming growth factor (TGF) and the world health organization (WHO).',
      'See (Figure) and [X].',
    ]
    expect(abbreviationsIn(texts)).toEqual({
      TGF: ['transforming growth factor'],
      WHO: ['world health organization'],
    })
  })
})
