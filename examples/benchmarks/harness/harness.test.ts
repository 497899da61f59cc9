import { describe, expect, it } from 'vitest'
import { BenchContext } from './context.js'
import { formatReport } from './report.js'
import { median, takeTurns } from './timing.js'

describe('timing', () => {
  it('gives the median with its quartiles', () => {
    expect(median([5])).toEqual({ value: 5, low: 5, high: 5 })
    expect(median([4, 1, 3, 2])).toEqual({ value: 2.5, low: 1.75, high: 3.25 })
    expect(() => median([])).toThrow(/at least one sample/)
  })

  it('lets subjects work in turns, a round of warming first, the order moving on', async () => {
    const order: string[] = []
    const turn = (subject: string) => ({ subject, work: () => order.push(subject) })
    const samples = await takeTurns([turn('a'), turn('b'), turn('c')], 2)
    expect(order.join('')).toBe('abcbcacab')
    expect([...samples].map(([subject, times]) => [subject, times.length])).toEqual([
      ['a', 2],
      ['b', 2],
      ['c', 2],
    ])
  })
})

describe('a report', () => {
  it('holds rows with spread, ratios met or not, and what was skipped and why', async () => {
    const context = new BenchContext({ quick: true, only: ['ours', 'broken'] })
    context.row('ours', 'small', 'speed', { value: 10, low: 8, high: 12 }, 'MB/s')
    context.row('ours', 'small', 'errors', 0)
    context.ratio('twice as fast', 2.5, 2)
    context.ratio('ten times as fast', 2.5, 10)
    await context.attempt('broken', 'small', async () => {
      throw new Error('no such package')
    })
    await context.attempt('not asked for', 'small', async () => {
      throw new Error('never runs')
    })
    const report = context.report('demo')
    expect(report.rows[0]).toEqual({
      subject: 'ours',
      case: 'small',
      metric: 'speed',
      value: 10,
      low: 8,
      high: 12,
      unit: 'MB/s',
    })
    expect(report.ratios.map((ratio) => ratio.met)).toEqual([true, false])
    expect(report.skipped).toEqual([{ subject: 'broken', case: 'small', reason: 'no such package' }])
    expect(report.machine.node).toBe(process.version)
    const text = formatReport(report)
    expect(text).toMatch(/ours +10 \[8, 12\] +0/)
    expect(text).toContain('NOT MET')
    expect(text).toContain('skipped: broken, small: no such package')
  })
})
