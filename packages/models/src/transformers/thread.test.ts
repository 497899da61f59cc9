import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { referenceScores, referenceVectors, sharedModel } from '../testing/shared.js'

// A worker thread starts from the compiled file, so these tests use the built package.
const entry = new URL('../../dist/transformers/index.js', import.meta.url)
const built = existsSync(fileURLToPath(entry))
const load = (): Promise<typeof import('./index.js')> => import(entry.href)

const sentences = sharedModel('all-MiniLM-L6-v2')
const pairs = sharedModel('cross-encoder-small')
const present = built && sentences.present && pairs.present
const reason = built ? sentences.reason || pairs.reason : ' (skipped: the package is not built)'

describe.skipIf(!present)(`models in a worker thread${reason}`, () => {
  it('gives the same vectors, leaves the event loop free, and can be aborted', async () => {
    const { transformersEmbedder } = await load()
    const embedder = await transformersEmbedder({
      path: sentences.folder,
      dataType: 'q8',
      oversize: 'refuse',
      textsPerRun: 16,
      worker: true,
    })
    const items = referenceVectors(sentences.folder)
    const { text, vector, fullLength } = items[5]!
    const result = await embedder.embed([text], { role: 'document' })
    let product = 0
    for (const [d, value] of vector.entries()) product += result[d]! * value
    expect(product).toBeGreaterThan(0.97)
    expect([...(await embedder.countTokens([text]))]).toEqual([fullLength - 2])

    // One run of some hundred milliseconds: in this thread, no timer would fire until it ends.
    let ticks = 0
    const timer = setInterval(() => {
      ticks += 1
    }, 5)
    const passage = 'The quick brown fox jumps over the lazy dog again and again. '.repeat(16)
    await embedder.embed(Array(16).fill(passage), { role: 'document' })
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(3)

    const controller = new AbortController()
    const running = embedder.embed(Array(64).fill(passage), { role: 'document', signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(running).rejects.toThrow('enough')
    expect(await embedder.embed([text], { role: 'document' })).toEqual(result)

    await expect(embedder.embed([items.at(-1)!.text], { role: 'document' })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('Text 0 has 529 tokens, the model reads 254.'),
      details: { index: 0, tokens: 529, limit: 254 },
    })
    await embedder.dispose()
    await embedder.dispose()
    await expect(embedder.embed(['after'], { role: 'document' })).rejects.toThrow('was disposed of')
  })

  it('scores pairs', async () => {
    const { transformersCrossEncoder } = await load()
    const model = await transformersCrossEncoder({ path: pairs.folder, dataType: 'q8', worker: true })
    const { query, text, logitInt8 } = referenceScores(pairs.folder)[0]!
    const [score] = await model.score(query, [text])
    expect(Math.abs(score! - logitInt8)).toBeLessThan(2e-4)
    await model.dispose()
  })

  it('passes on why a model cannot be loaded', async () => {
    const { transformersEmbedder } = await load()
    await expect(transformersEmbedder({ path: '/nowhere/model', worker: true })).rejects.toMatchObject({
      code: 'load-failed',
      message: expect.stringContaining('must load from the folder'),
    })
  })
})
