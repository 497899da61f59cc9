import { describe, expect, it } from 'vitest'
import { crashCampaign } from '../../dist/campaigns/crash/crash.js'

describe('a store whose writers are killed and whose writes fail', () => {
  it('loses, doubles and spoils nothing', async () => {
    const told: string[] = []
    const result = await crashCampaign({ points: 12, seed: 11 }, (text) => told.push(text))
    expect(told.join('\n')).toBe('')
    expect(result).toMatchObject({ points: 12, failures: 6, lost: 0, duplicated: 0, corrupt: 0 })
    // The points must have hit: a campaign that kills nobody shows nothing.
    expect(result.kills).toBeGreaterThan(3)
    expect(result.refusals).toBeGreaterThan(0)
  })
})
