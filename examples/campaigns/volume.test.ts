import { describe, expect, it } from 'vitest'
import { main } from '../dist/campaigns/cli.js'
import { volumeCampaign } from '../dist/campaigns/volume.js'

describe('a folder larger than the heap', () => {
  it('is ingested as a stream, every file of it', async () => {
    const result = await volumeCampaign({ megabytes: 160, heapMegabytes: 48 }, () => {})
    expect(result).toMatchObject({ documents: 160, expectedDocuments: 160, failures: 0 })
    expect(result.chunks).toBeGreaterThan(160 * 100)
  })

  it('refuses a size that is none', async () => {
    expect(await main(['volume', '--megabytes', 'x'])).toBe(2)
    expect(await main(['flood'])).toBe(2)
  })
})
