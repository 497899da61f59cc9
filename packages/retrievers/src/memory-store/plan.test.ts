import { describe, expect, it } from 'vitest'
import { planSearch } from './plan.js'

const input = { total: 100_000, limit: 10, canScan: true }

describe('planSearch', () => {
  it('does not search without candidates', () => {
    expect(planSearch({ ...input, candidates: 0 })).toBe('nothing')
    expect(planSearch({ ...input, candidates: 0, total: 0 })).toBe('nothing')
  })

  it('scans when few pass: by count, by share, or no more than asked for', () => {
    expect(planSearch({ ...input, candidates: 256 })).toBe('scan')
    expect(planSearch({ ...input, candidates: 2000 })).toBe('scan')
    expect(planSearch({ ...input, candidates: 2001 })).toBe('filtered')
    expect(planSearch({ ...input, candidates: 5000, limit: 5000 })).toBe('scan')
  })

  it('leaves out a filter that lets all pass, and never scans with an index that cannot', () => {
    expect(planSearch({ ...input, candidates: 100_000 })).toBe('everything')
    expect(planSearch({ ...input, candidates: 5, canScan: false })).toBe('filtered')
    expect(planSearch({ ...input, candidates: 5, total: 5, canScan: false })).toBe('everything')
  })
})
