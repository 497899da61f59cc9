import { describe, expect, it } from 'vitest'
import { staticEmbedder } from './static-embedder.js'

const texts = [
  'Who pays the deposit?',
  '',
  'The deposit is paid by the tenant; the tenant pays.',
  'Höhe der Kaution: 1.200 €',
  '\u0000 \n',
  'Who pays the deposit?',
]

describe('token vectors that texts share', () => {
  it('are those of each text, in its order, and each there once', async () => {
    const embedder = await staticEmbedder({ size: 'small' })
    const { dimensions } = embedder
    for (const role of ['query', 'document'] as const) {
      const alone = await embedder.embedTokens(texts, { role })
      const { vectors, texts: rows } = await embedder.embedSharedTokens(texts, { role })
      expect(rows.map(({ length }) => length * dimensions)).toEqual(alone.map((text) => text.vectors.length))
      for (const [place, text] of alone.entries())
        for (const [token, row] of rows[place]!.entries())
          expect(vectors.subarray(row * dimensions, (row + 1) * dimensions)).toEqual(
            text.vectors.subarray(token * dimensions, (token + 1) * dimensions),
          )
      expect(rows[0]).toEqual(rows[5])
      expect(vectors.length / dimensions).toBe(new Set(rows.flatMap((places) => [...places])).size)
      expect(vectors.length).toBeLessThan(alone.reduce((sum, text) => sum + text.vectors.length, 0))
    }
  })

  it('leave nothing behind for the next call, and heed its signal', async () => {
    const embedder = await staticEmbedder({ size: 'small' })
    const before = await embedder.embed(['a tenant'], { role: 'document' })
    await embedder.embedSharedTokens(texts, { role: 'document' })
    expect(await embedder.embed(['a tenant'], { role: 'document' })).toEqual(before)
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(embedder.embedSharedTokens(texts, { role: 'document', signal })).rejects.toBe(reason)
    expect(await embedder.embedSharedTokens([], { role: 'document' })).toEqual({
      vectors: new Float32Array(),
      texts: [],
    })
  })
})
