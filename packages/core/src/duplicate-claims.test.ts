import { describe, expect, it } from 'vitest'
import { featuresOf } from './deduplicate-index.js'
import { DuplicateClaims } from './duplicate-claims.js'

const chunkOf = (id: string, text: string) => ({
  id,
  documentId: 'd',
  index: 0,
  start: 0,
  end: text.length,
  text,
  headings: [],
  metadata: {},
})

describe('DuplicateClaims', () => {
  const make = () => new DuplicateClaims(false, featuresOf([], false))

  it('gives a text to the first that asks, until it is released', async () => {
    const claims = make()
    expect(await claims.claim(chunkOf('a', 'one'))).toBe(true)
    expect(await claims.claim(chunkOf('b', 'ONE'))).toBe(false)
    expect(await claims.claim(chunkOf('a', 'one'))).toBe(true)
    claims.release('b')
    expect(await claims.claim(chunkOf('b', 'one'))).toBe(false)
    claims.release('a')
    expect(await claims.claim(chunkOf('b', 'one'))).toBe(true)
    expect(await claims.claim(chunkOf('b', 'two'))).toBe(true)
    expect(await claims.claim(chunkOf('a', 'one'))).toBe(true)
  })

  it('forgets the oldest when there are many', async () => {
    const claims = make()
    for (let i = 0; i <= 8_192; i++) await claims.claim(chunkOf(`${i}`, `text ${i}`))
    expect(await claims.claim(chunkOf('new', 'text 1'))).toBe(false)
    expect(await claims.claim(chunkOf('other', 'text 0'))).toBe(true)
  })
})
