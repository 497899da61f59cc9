import { describe, expect, it } from 'vitest'
import type { Metadata } from './document.js'
import { matchesFilter } from './filter/matches.js'
import { validAt } from './filter/valid-at.js'
import { applySupersession } from './supersession.js'

const item = (id: string, metadata: Metadata) => ({ id, metadata })
const first = item('policy-1', { validFrom: '2022-01-01' })
const second = item('policy-2', { validFrom: '2023-07-01', supersedes: 'policy-1' })
const third = item('policy-3', { validFrom: '2025-01-01', supersedes: ['policy-2'] })
const other = item('menu', { kind: 'menu' })

describe('applySupersession', () => {
  const versions = [third, first, other, second]

  it('lets one version hold at each moment', () => {
    const { items, supersededBy, problems } = applySupersession(versions)
    const at = (moment: string) =>
      items.filter(({ metadata }) => matchesFilter(validAt(moment), metadata)).map(({ id }) => id)
    expect(at('2021-12-31')).toEqual(['menu'])
    expect(at('2022-01-01')).toEqual(['policy-1', 'menu'])
    expect(at('2023-06-30')).toEqual(['policy-1', 'menu'])
    expect(at('2023-07-01')).toEqual(['menu', 'policy-2'])
    expect(at('2026-01-01')).toEqual(['policy-3', 'menu'])
    expect([...supersededBy]).toEqual([
      ['policy-1', ['policy-2']],
      ['policy-2', ['policy-3']],
    ])
    expect(problems).toEqual([])
  })

  it('changes nothing else, and nothing that it was given', () => {
    const before = structuredClone(versions)
    const { items } = applySupersession(versions)
    expect(versions).toEqual(before)
    expect(items[0]).toBe(third)
    expect(items[2]).toBe(other)
    expect(items[1]).toEqual(item('policy-1', { validFrom: '2022-01-01', validTo: '2023-07-01' }))
  })

  it('ends with the first of several, and keeps an earlier end', () => {
    const split = [
      first,
      item('b', { validFrom: '2024-01-01', supersedes: 'policy-1' }),
      item('a', { validFrom: '2023-01-01', supersedes: 'policy-1' }),
    ]
    const { items, supersededBy } = applySupersession(split)
    expect(items[0]!.metadata.validTo).toBe('2023-01-01')
    expect(supersededBy.get('policy-1')).toEqual(['a', 'b'])
    const ended = item('policy-1', { validFrom: '2022-01-01', validTo: '2022-06-01' })
    expect(applySupersession([ended, second]).items[0]).toBe(ended)
    const later = item('policy-1', { validTo: '2030-01-01' })
    expect(applySupersession([later, second]).items[0]!.metadata.validTo).toBe('2023-07-01')
  })

  it('follows nothing that cannot be, and lists it', () => {
    const { items, problems } = applySupersession([
      first,
      item('lost', { validFrom: '2024-01-01', supersedes: 'gone' }),
      item('undated', { supersedes: 'policy-1' }),
      item('numbered', { validFrom: 20240101, supersedes: 'policy-1' }),
      item('early', { validFrom: '2020-01-01', supersedes: 'policy-1' }),
      item('x', { validFrom: '2024-01-01', supersedes: 'y' }),
      item('y', { validFrom: '2024-01-01', supersedes: 'z' }),
      item('z', { validFrom: '2024-01-01', supersedes: ['x', 'x'] }),
      item('self', { validFrom: '2024-01-01', supersedes: 'self' }),
      item('odd', { validFrom: '2024-01-01', supersedes: 7 }),
    ])
    expect(problems.map(({ id, reason }) => [id, reason])).toEqual([
      ['lost', 'missing'],
      ['undated', 'undated'],
      ['numbered', 'undated'],
      ['early', 'earlier'],
      ['x', 'cycle'],
      ['y', 'cycle'],
      ['z', 'cycle'],
      ['self', 'cycle'],
    ])
    expect(items.every(({ metadata }) => metadata.validTo === undefined)).toBe(true)
  })

  it('takes fields of other names, numbers, and a long line of versions', () => {
    const fields = { supersedes: 'replaces', from: 'since', to: 'until' }
    const { items } = applySupersession(
      [item('a', { since: 1 }), item('b', { since: 5, replaces: 'a' })],
      fields,
    )
    expect(items[0]!.metadata).toEqual({ since: 1, until: 5 })
    const line = Array.from({ length: 300 }, (_, n) =>
      item(`v${n}`, { validFrom: n, ...(n > 0 && { supersedes: `v${n - 1}` }) }),
    )
    const { items: dated } = applySupersession(line)
    expect(dated.map(({ metadata }) => metadata.validTo)).toEqual(
      [...line.keys()].map((n) => (n < 299 ? n + 1 : undefined)),
    )
    expect(() => applySupersession([], { to: '' })).toThrow('to')
  })
})
