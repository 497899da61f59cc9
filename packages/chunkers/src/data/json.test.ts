import type { Document, RagEvent } from '@tesserae/core'
import { pieceTokenizer, toChunks } from '@tesserae/core'
import { chunkerLaws, generateTexts, seededRandom as seeded, type seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { recursiveChunker } from '../recursive.js'
import { lawTexts } from '../testing/law-texts.js'
import type { JsonChunkerOptions } from './json.js'
import { jsonChunker } from './json.js'
import { scanJson } from './json-nodes.js'

const count = lawTexts
const plain = (text: string): Document => ({ id: 'd', text, marks: [], metadata: {} })

async function shown(text: string, options: JsonChunkerOptions) {
  const chunks = toChunks(plain(text), await jsonChunker(options).split(plain(text)))
  return chunks.map((chunk) => [chunk.context, chunk.text])
}

/** Values of every kind, nested at random, with hostile keys and strings. */
function jsonTexts(seed: number, amount: number): string[] {
  const random = seeded(seed)
  const strings = generateTexts({ seed, count: 60, hugeLineUnits: 500 })
  const value = (depth: number): unknown => {
    const kind = random.integer(0, depth > 3 ? 4 : 7)
    if (kind < 2) return random.pick(strings)
    if (kind === 2) return random.pick([0, -1, 1.5, 1e-7, 123456789, -2.5e21])
    if (kind < 5) return random.pick([true, false, null])
    const size = random.integer(0, 6)
    if (kind === 5) return Array.from({ length: size }, () => value(depth + 1))
    return Object.fromEntries(
      Array.from({ length: size }, () => [random.pick(strings).slice(0, 30), value(depth + 1)]),
    )
  }
  return Array.from({ length: amount }, () => {
    const written = JSON.stringify(value(0), undefined, random.pick([0, 2, '\t']))
    if (random.chance(0.1)) return broken(written, random)
    return random.chance(0.2) ? `${written}\r\n${JSON.stringify(value(2))}\n` : written
  })
}

/** One character left out, doubled or replaced. */
function broken(text: string, random: ReturnType<typeof seededRandom>): string {
  const at = random.integer(0, text.length - 1)
  const insert = random.pick(['', ',', '"', '}', ']', ':', '\\', '0', 'e', ' ', text.charAt(at).repeat(2)])
  return text.slice(0, at) + insert + text.slice(at + 1)
}

describe('jsonChunker', () => {
  it('cuts between elements, each under its pointer', async () => {
    const text = JSON.stringify({ items: [1, 2, 3].map((id) => ({ id, name: `item ${id}` })) }, undefined, 1)
    expect(await shown(text, { maxTokens: 32 })).toEqual([
      [undefined, '{\n "items": [\n  {\n   "id": 1,\n   "name": "item 1"\n  },'],
      ['/items/1', '{\n   "id": 2,\n   "name": "item 2"\n  },'],
      ['/items/2', '{\n   "id": 3,\n   "name": "item 3"\n  }\n ]\n}'],
    ])
    expect((await shown(text, { maxTokens: 32, pointerContext: false }))[1]?.[0]).toBeUndefined()
  })

  it('never divides a value that fits, and packs small ones together', async () => {
    const text = JSON.stringify(
      Array.from({ length: 200 }, (_, id) => ({ id, tags: ['a', 'b'], at: { x: id } })),
    )
    const chunks = await shown(text, { maxTokens: 100 })
    expect(chunks.length).toBeLessThan(120)
    for (const [context, part] of chunks) {
      const values = JSON.parse(`[${part!.replace(/^\[|[\],]$/g, '')}]`) as { readonly id: number }[]
      expect(values.length).toBeGreaterThan(1)
      expect(context ?? '/0').toBe(`/${values[0]?.id}`)
    }
  })

  it('writes pointers as RFC 6901 does and leaves out the start of long ones', async () => {
    const long = 'word '.repeat(40).trim()
    const text = JSON.stringify({ 'a/b~c': { first: long, second: long } })
    const contexts = (await shown(text, { maxTokens: 60 })).map(([context]) => context)
    expect(contexts).toContain('/a~1b~0c/second')
    const tight = (await shown(text, { maxTokens: 20 })).map(([context]) => context)
    expect(tight).toContain('…/second')
  })

  it('reads JSON lines as one array', async () => {
    const text = Array.from({ length: 6 }, (_, id) => JSON.stringify({ id, text: 'some words here' })).join(
      '\n',
    )
    const chunks = await shown(text, { maxTokens: 44 })
    expect(chunks.map(([context]) => context)).toEqual(['/0', '/2', '/4'])
    for (const [, part] of chunks)
      expect(part!.split('\n').map((line) => typeof JSON.parse(line))).toEqual(['object', 'object'])
  })

  it('cuts a string over the cap at its sentences', async () => {
    const text = JSON.stringify({ body: 'This is a sentence. '.repeat(20) })
    const chunks = await shown(text, { maxTokens: 40 })
    expect(chunks.length).toBeGreaterThan(2)
    for (const [context, part] of chunks.slice(1)) {
      expect(context).toBe('/body')
      expect(part).toMatch(/^(This is a sentence\. ?)+("\})?$/)
    }
  })

  it('tells the observer about text that is not JSON, and cuts it as any text', async () => {
    const text = `{"a": 1,}\n${'Some words. '.repeat(30)}`
    const events: RagEvent[] = []
    const spans = await jsonChunker({ maxTokens: 20 }).split(plain(text), {
      observer: (event) => events.push(event),
    })
    expect(spans).toEqual(await recursiveChunker({ maxTokens: 20 }).split(plain(text)))
    expect(events.map(({ type }) => type)).toEqual(['chunk.fallback', 'chunk.document'])
    expect(events[0]?.labels).toEqual({ documentId: 'd', reason: 'malformed-json' })
    expect(events[0]?.counts).toEqual({ offset: 8 })
  })

  it('accepts what JSON.parse accepts and nothing else', () => {
    const accepts = (text: string) => scanJson(text, () => false).type === 'nodes'
    const random = seeded(3)
    const texts = jsonTexts(2, 1500).flatMap((text) => [text, broken(text, random), broken(text, random)])
    const edges = [
      '01',
      '-',
      '-0',
      '1.',
      '.5',
      '1e',
      '1e+5',
      '1E-2',
      '"\\u12g4"',
      '"\\x"',
      '"\t"',
      '[1,]',
      '{"a"}',
      '{,}',
      'nul',
    ]
    let malformed = 0
    for (const text of [...texts, ...edges, '[[]', '{}}', '"a', 'truefalse', '\ufeff1', '\u00a01', '[1 2]']) {
      // One text: JSON.parse knows no JSON lines.
      const wrapped = `[${text}]`
      let isJson = true
      try {
        JSON.parse(wrapped)
      } catch {
        isJson = false
        malformed++
      }
      expect(accepts(wrapped), wrapped).toBe(isJson)
    }
    expect(malformed).toBeGreaterThan(1000)
  })

  it('finds the values that JSON.parse finds', () => {
    for (const text of jsonTexts(4, 300)) {
      const scan = scanJson(text, () => false)
      if (scan.type === 'malformed') continue
      const { nodes } = scan
      for (let node = 1; node < nodes.size; node++) {
        const value: unknown = JSON.parse(text.slice(nodes.valueStarts[node], nodes.ends[node]))
        const parent = nodes.parents[node]!
        if (parent === 0) continue
        const owner = JSON.parse(text.slice(nodes.valueStarts[parent], nodes.ends[parent])) as unknown
        const isElement = Array.isArray(owner)
        if (isElement) expect(owner[nodes.positions[node]!]).toEqual(value)
        else expect(JSON.parse(`{${text.slice(nodes.starts[node], nodes.ends[node])}}`)).toBeTypeOf('object')
      }
    }
  })

  it('takes deep nesting, 4 MB of values and one value of 2 MB', async () => {
    const depth = 60_000
    for (const text of [
      '['.repeat(depth) + ']'.repeat(depth),
      `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
      `[${'{"id":1,"name":"a name"},'.repeat(160_000)}0]`,
      JSON.stringify('word '.repeat(400_000)),
      JSON.stringify('x'.repeat(2_000_000)),
      `[1${' '.repeat(1_000_000)},2]`,
    ]) {
      const spans = await jsonChunker().split(plain(text))
      expect(spans.at(-1)?.end).toBe(text.length)
      expect(spans[0]?.start).toBe(0)
    }
  })

  it('ends with the reason of the signal while it works', async () => {
    const controller = new AbortController()
    const text = `[${'"some words",'.repeat(300_000)}0]`
    setTimeout(() => controller.abort(new Error('enough')), 0)
    const run = jsonChunker({ maxTokens: 20 }).split(plain(text), { signal: controller.signal })
    await expect(run).rejects.toThrow('enough')
  })

  it.each([
    [{ maxTokens: 0 }, 'maxTokens'],
    [{ pointerContext: 'yes' }, 'pointerContext'],
    [{ minTokens: 3 }, 'an option of jsonChunker'],
  ])('refuses %j', (options, message) => {
    expect(() => jsonChunker(options as JsonChunkerOptions)).toThrow(message)
  })
})

describe('laws: json', () => {
  for (const maxTokens of [30, 4, 120]) {
    describe(`${maxTokens} tokens`, () => {
      const laws = chunkerLaws(() => jsonChunker({ maxTokens }), {
        texts: [
          ...jsonTexts(maxTokens, Math.ceil(count / (maxTokens < 10 ? 10 : 2))),
          ...generateTexts({ count: 50, hugeLineUnits: 1000 }),
        ],
        document: (id, text) => ({ id, text, marks: [], metadata: {} }),
        hugeLineUnits: 1000,
        maxTokens,
        tokenizer: pieceTokenizer(),
      })
      for (const law of laws) it(law.name, () => law.run())
    })
  }
})
