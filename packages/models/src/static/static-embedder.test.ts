import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RagEvent } from '@tesserae/core'
import { embedderLaws } from '@tesserae/core/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type StaticEmbedder, staticEmbedder } from './static-embedder.js'

const tablePath = fileURLToPath(new URL('../../data/static-en-384.bin', import.meta.url))
const table = readFileSync(tablePath)
const asDocument = { role: 'document' } as const

let embedder: StaticEmbedder
beforeAll(async () => {
  embedder = await staticEmbedder()
})

function norm(vector: Float32Array): number {
  return Math.hypot(...vector)
}

function cosine(vectors: Float32Array, a: number, b: number): number {
  let sum = 0
  for (let k = 0; k < 384; k++) sum += vectors[a * 384 + k]! * vectors[b * 384 + k]!
  return sum
}

async function one(text: string): Promise<Float32Array> {
  return embedder.embed([text], asDocument)
}

describe('the table', () => {
  it('is at most 8,000,000 bytes and says where it comes from', () => {
    expect(statSync(tablePath).size).toBeLessThanOrEqual(8_000_000)
    expect(embedder.notice).toMatch(/all-MiniLM-L6-v2/)
    expect(embedder.notice).toMatch(/Apache-2\.0/)
  })

  it('loads in under 100 ms', async () => {
    const times = []
    for (let i = 0; i < 5; i++) {
      const started = performance.now()
      await staticEmbedder()
      times.push(performance.now() - started)
    }
    expect(Math.min(...times)).toBeLessThan(100)
  })

  it('may come as bytes, also from the middle of a buffer, and is the same model then', async () => {
    const shifted = new Uint8Array(table.length + 3)
    shifted.set(table, 3)
    const other = await staticEmbedder({ bytes: shifted.subarray(3) })
    expect(other.id).toBe(embedder.id)
    expect(await other.embed(['a mosaic of small stones'], asDocument)).toEqual(
      await one('a mosaic of small stones'),
    )
  })
})

describe('without a file system', () => {
  it('works from bytes, and says what to do otherwise', async () => {
    const original = globalThis.process
    try {
      Object.defineProperty(globalThis, 'process', { value: undefined, configurable: true, writable: true })
      await expect(staticEmbedder()).rejects.toEqual(
        expect.objectContaining({ code: 'load-failed', message: expect.stringContaining('`bytes`') }),
      )
      const other = await staticEmbedder({ bytes: table })
      expect(other.id).toBe(embedder.id)
    } finally {
      Object.defineProperty(globalThis, 'process', { value: original, configurable: true, writable: true })
    }
  })
})

describe('the laws of core', () => {
  for (const law of embedderLaws(() => staticEmbedder(), { tolerance: 0 })) it(law.name, () => law.run())
})

describe('laws of an embedder', () => {
  const texts = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.lorem({ maxCount: 40 }),
      fc.constantFrom('', ' ', '[CLS]', '字', '🧩'),
    ),
    { maxLength: 12 },
  )

  it('gives one finite vector of unit length per text, whatever the batch', async () => {
    await fc.assert(
      fc.asyncProperty(texts, async (batch) => {
        const vectors = await embedder.embed(batch, asDocument)
        expect(vectors.length).toBe(batch.length * 384)
        for (let i = 0; i < batch.length; i++) {
          const row = vectors.slice(i * 384, i * 384 + 384)
          expect(norm(row)).toBeCloseTo(1, 5)
          expect(row).toEqual(await one(batch[i]!))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('treats queries and documents alike', async () => {
    expect(await embedder.embed(['tide tables'], { role: 'query' })).toEqual(await one('tide tables'))
  })

  it('gives a text without tokens the vector of the unknown token', async () => {
    const unknown = await one('[UNK]')
    for (const text of ['', ' \n', '\u200b', '\ufffd']) expect(await one(text)).toEqual(unknown)
    expect((await embedder.embed([], asDocument)).length).toBe(0)
  })

  it('does not care about case, accents and blanks', async () => {
    expect(await one('  Crème\nBRÛLÉE ')).toEqual(await one('creme brulee'))
  })

  it('puts texts of like meaning nearer than others', async () => {
    const vectors = await embedder.embed(
      [
        'How do I reset my password?',
        'I forgot my login credentials',
        'The cat sleeps on a warm roof',
        'a kitten dozing on the rooftop',
      ],
      asDocument,
    )
    expect(cosine(vectors, 0, 1)).toBeGreaterThan(cosine(vectors, 0, 2) + 0.1)
    expect(cosine(vectors, 2, 3)).toBeGreaterThan(cosine(vectors, 1, 3) + 0.1)
  })

  it('counts a long text whole: its end matters, and pieces of work do not show', async () => {
    const filler = 'stone upon stone '.repeat(100_000)
    const whole = await one(`${filler}${'volcano '.repeat(200_000)}`)
    expect(cosine(Float32Array.from([...whole, ...(await one('volcano'))]), 0, 1)).toBeGreaterThan(0.5)
    expect(await one('ab '.repeat(900_000))).toEqual(await one('ab'))
  })

  it('gives the same vectors when calls interleave', async () => {
    const long = ['left right '.repeat(150_000), 'tail']
    const [a, b] = await Promise.all([
      embedder.embed(long, asDocument),
      embedder.embed(long, asDocument),
      one('between'),
    ])
    expect(a).toEqual(b)
    expect(a.slice(384)).toEqual(await one('tail'))
  })
})

describe('aborting, observing, refusing', () => {
  const long = Array.from({ length: 8 }, () => 'word '.repeat(400_000))

  it('throws the reason of a signal that is aborted before or during the work, and works on afterwards', async () => {
    const reason = new Error('enough')
    await expect(embedder.embed(['a'], { ...asDocument, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
    const controller = new AbortController()
    const call = embedder.embed(long, { ...asDocument, signal: controller.signal })
    setTimeout(() => controller.abort(reason), 0)
    await expect(call).rejects.toBe(reason)
    await expect(staticEmbedder({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(norm(await one('still here'))).toBeCloseTo(1, 5)
    expect(await one('still here')).toEqual(await (await staticEmbedder()).embed(['still here'], asDocument))
  })

  it('tells counts and no text', async () => {
    const events: RagEvent[] = []
    await embedder.embed(['one two', 'three'], { role: 'query', observer: (event) => events.push(event) })
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({
      type: 'embed.batch',
      source: embedder.id,
      counts: { texts: 2, tokens: 3 },
    })
    expect(JSON.stringify(events)).not.toContain('three')
  })

  it('refuses arguments that make no sense', async () => {
    const invalid = expect.objectContaining({ code: 'invalid-argument' })
    await expect(embedder.embed('text' as unknown as string[], asDocument)).rejects.toEqual(invalid)
    await expect(embedder.embed([1 as unknown as string], asDocument)).rejects.toEqual(invalid)
    await expect(embedder.embed(['a'], { role: 'passage' as 'query' })).rejects.toEqual(invalid)
    await expect(staticEmbedder({ bytes: table, path: tablePath })).rejects.toEqual(invalid)
    await expect(staticEmbedder({ bytes: 'x' as unknown as Uint8Array })).rejects.toEqual(invalid)
    await expect(staticEmbedder({ path: '' })).rejects.toEqual(invalid)
    await expect(staticEmbedder({ path: `${tablePath}.missing` })).rejects.toEqual(
      expect.objectContaining({ code: 'load-failed', cause: expect.anything() }),
    )
  })
})

describe('damaged and foreign files', () => {
  const code = (value: string) => expect.objectContaining({ code: value })

  it('notices any changed byte', async () => {
    for (const at of [10, 13, 21, 33, 37, 41, 47, 50, 5_000, 150_000, 400_000, table.length - 1]) {
      const bytes = Uint8Array.from(table)
      bytes[at]! ^= 0x10
      await expect(staticEmbedder({ bytes }), `byte ${at}`).rejects.toEqual(
        code(at === 10 ? 'incompatible' : 'corrupt-data'),
      )
    }
  })

  it('notices a file that is cut off or has something added', async () => {
    for (const length of [1, 8, 20, 48, 1000, table.length - 4, table.length - 1])
      await expect(staticEmbedder({ bytes: table.subarray(0, length) }), `${length}`).rejects.toEqual(
        code('corrupt-data'),
      )
    const longer = new Uint8Array(table.length + 4)
    longer.set(table)
    await expect(staticEmbedder({ bytes: longer })).rejects.toEqual(code('corrupt-data'))
  })

  it('names another kind of file as such', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tesserae-'))
    try {
      for (const content of ['', '{"model": 1}', '%PDF-1.7', 'ONNX'.repeat(100)]) {
        const path = join(folder, 'foreign')
        writeFileSync(path, content)
        await expect(staticEmbedder({ path })).rejects.toEqual(code('incompatible'))
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
