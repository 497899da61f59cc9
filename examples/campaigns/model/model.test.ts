import { describe, expect, it } from 'vitest'
import { modelCampaign } from '../../dist/campaigns/model/model.js'

describe('a store in a file and a model in memory', () => {
  it('agree after every step of random sequences', async () => {
    const told: string[] = []
    const result = await modelCampaign({ sequences: 25, seed: 4 }, (text) => told.push(text))
    expect(told).toEqual([])
    expect(result).toEqual({ sequences: 25, seed: 4, broken: 0 })
  })
})
