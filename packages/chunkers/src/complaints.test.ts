import type { Chunker, ChunkSpan, Document, Mark, RagEvent } from '@tesserae/core'
import { isRagError, lineIndex, pieceTokenizer, toChunks, tokenRuler } from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import type { RecursiveChunkerOptions } from './index.js'
import {
  fixed400,
  fixed1000,
  fixedChunker,
  recursiveChunker,
  sentence300,
  sentenceChunker,
  wholeChunker,
} from './index.js'

/** What users of other libraries reported, each turned into a test that all chunkers here must pass. */

function documentOf(text: string, marks: readonly Mark[] = []): Document {
  return { id: 'd', text, marks, metadata: {} }
}

const chunkers: Readonly<Record<string, Chunker>> = {
  recursive: recursiveChunker({ maxTokens: 30, overlapTokens: 8 }),
  fixed: fixedChunker({ maxTokens: 30, overlapTokens: 8 }),
  'fixed by sentence': fixedChunker({ maxTokens: 30, overlapPercent: 25, snap: 'sentence' }),
  'fixed by characters': fixedChunker({ maxChars: 120, overlapPercent: 20 }),
  sentence: sentenceChunker({ maxTokens: 30, overlapSentences: 1 }),
  fixed400: fixed400(),
  fixed1000: fixed1000(),
  sentence300: sentence300(),
  whole: wholeChunker(),
}
const each = Object.entries(chunkers)
const prose = 'The tenant pays the deposit. It is due in May. Nobody asked why; everybody paid. '

describe.each(each)('%s', (name, chunker) => {
  it('knows start and end of every chunk, also with an overlap in tokens', async () => {
    const document = documentOf(prose.repeat(20))
    const chunks = toChunks(document, await chunker.split(document))
    for (const chunk of chunks) {
      expect(chunk.start).toBeGreaterThanOrEqual(0)
      expect(chunk.end).toBeGreaterThan(chunk.start)
      expect(chunk.text).toBe(document.text.slice(chunk.start, chunk.end))
    }
  })

  it('gives each of several equal paragraphs its own offsets', async () => {
    const paragraph = prose.repeat(2).trim()
    const document = documentOf(Array(12).fill(paragraph).join('\n\n'))
    const spans = await chunker.split(document)
    const starts = spans.map((span) => span.start)
    expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b))
    expect(spans.at(-1)!.end).toBe(document.text.length)
  })

  it('keeps inner blanks and moves the span when it trims', async () => {
    const document = documentOf('  \n  A  b\t\tc   d.\n\n\n   E    f.  \n ')
    const spans = await chunker.split(document)
    expect(spans[0]!.start).toBe(5)
    expect(spans.at(-1)!.end).toBe(document.text.lastIndexOf('.') + 1)
    expect(document.text.slice(spans[0]!.start, spans[0]!.end)).toContain('A  b\t\tc   d.')
  })

  it('tells the lines of a chunk by its offsets', async () => {
    const text = Array.from({ length: 40 }, (_, i) => `This is line ${i + 1} of the text.`).join('\r\n')
    const lines = lineIndex(text)
    const spans = await chunker.split(documentOf(text))
    expect(lines.lineOf(spans[0]!.start)).toBe(1)
    expect(lines.lineOf(spans.at(-1)!.end - 1)).toBe(40)
  })

  it('keeps special tokens of a model as text', async () => {
    const text = `Before <|endoftext|> after. ${prose}`
    const spans = await chunker.split(documentOf(text))
    expect(text.slice(spans[0]!.start, spans[0]!.end)).toContain('<|endoftext|>')
  })

  it('has another id for other options', () => {
    for (const [other, { id }] of each) if (other !== name) expect(id).not.toBe(chunker.id)
  })

  it('tells an observer what it did, without text', async () => {
    const events: RagEvent[] = []
    const spans = await chunker.split(documentOf(prose), { observer: (event) => events.push(event) })
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({
      type: 'chunk.document',
      source: chunker.id,
      counts: { chunks: spans.length, codeUnits: prose.length },
      labels: { documentId: 'd', outcome: 'ok' },
    })
  })

  it('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('stop')
    const signal = AbortSignal.abort(reason)
    await expect(chunker.split(documentOf(prose), { signal })).rejects.toBe(reason)
  })
})

it('notices an abort while it packs a large document', async () => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(new Error('enough')), 0)
  const splitting = recursiveChunker({ maxTokens: 2 }).split(documentOf('word '.repeat(600_000)), {
    signal: controller.signal,
  })
  await expect(splitting).rejects.toThrow('enough')
})

describe('headings', () => {
  const title =
    'A heading with a great many words in it that alone takes more tokens than a chunk may have at all'

  it('loses no text when a heading is over the cap', async () => {
    const text = `${title}\n\nBody text.`
    const marks: Mark[] = [{ kind: 'heading', level: 1, start: 0, end: title.length }]
    const spans = await recursiveChunker({ maxTokens: 10 }).split(documentOf(text, marks))
    const covered = spans.map((span) => text.slice(span.start, span.end)).join(' ')
    expect(covered.split(/\s+/)).toEqual(text.split(/\s+/))
    for (const span of spans) expect(span.tokens).toBeLessThanOrEqual(10)
  })
})

describe('options', () => {
  const refused: readonly (readonly [string, () => Chunker])[] = [
    ['overlap equal to the size', () => recursiveChunker({ maxTokens: 100, overlapTokens: 100 })],
    ['overlap over the size', () => fixedChunker({ maxTokens: 100, overlapTokens: 120 })],
    ['overlap of 100 percent', () => recursiveChunker({ overlapPercent: 100 })],
    ['negative overlap', () => recursiveChunker({ overlapTokens: -1 })],
    ['two overlaps', () => recursiveChunker({ overlapTokens: 1, overlapPercent: 1 })],
    ['zero size', () => recursiveChunker({ maxTokens: 0 })],
    ['fractional size', () => fixedChunker({ maxTokens: 1.5 })],
    ['NaN', () => sentenceChunker({ maxTokens: Number.NaN })],
    ['NaN percent', () => fixedChunker({ overlapPercent: Number.NaN })],
    ['two units', () => fixedChunker({ maxTokens: 10, maxChars: 10 })],
    ['overlap in another unit than the size', () => fixedChunker({ maxChars: 100, overlapTokens: 10 })],
    ['a tokenizer that would not be used', () => fixedChunker({ maxWords: 9, tokenizer: pieceTokenizer() })],
    ['a locale that would not be used', () => fixedChunker({ snap: 'word', locale: 'de' })],
    ['unknown snap', () => fixedChunker({ snap: 'chapter' as 'word' })],
    ['a locale without sentences', () => recursiveChunker({ separators: ['line'], locale: 'de' })],
    ['unknown locale', () => sentenceChunker({ locale: 'not a locale!' })],
    ['two sentence overlaps', () => sentenceChunker({ overlapSentences: 1, overlapTokens: 5 })],
    ['sentence overlap equal to the size', () => sentenceChunker({ maxSentences: 2, overlapSentences: 2 })],
    ['unknown separator', () => recursiveChunker({ separators: ['chapter' as 'line'] })],
    ['empty separator', () => recursiveChunker({ separators: [{ after: '' }] })],
    ['repeated separator', () => recursiveChunker({ separators: ['line', 'line'] })],
    ['misspelt option', () => recursiveChunker({ chunkSize: 100 } as RecursiveChunkerOptions)],
    ['text for a flag', () => recursiveChunker({ trim: 'no' as unknown as boolean })],
  ]
  it.each(refused)('refuses %s', (_, make) => {
    let thrown: unknown
    try {
      make()
    } catch (error) {
      thrown = error
    }
    expect(isRagError(thrown, 'invalid-argument')).toBe(true)
  })

  it('accepts zero where zero means none', () => {
    expect(recursiveChunker({ overlapTokens: 0 }).id).toBe(recursiveChunker().id)
    expect(fixedChunker({ overlapPercent: 0 }).id).toBe(fixedChunker().id)
  })

  it('makes each option count', async () => {
    const text = `# Title\n\n${'First part, with a comma. Second part; am 3. Oktober it went on. '.repeat(12)}\n\nEnd.`
    const document = documentOf(text, [{ kind: 'heading', level: 1, start: 0, end: 7 }])
    const split = async (chunker: Chunker): Promise<readonly ChunkSpan[]> => chunker.split(document)
    const changed: readonly (readonly [Chunker, Chunker])[] = [
      [recursiveChunker({ maxTokens: 40 }), recursiveChunker({ maxTokens: 41, overlapTokens: 9 })],
      [recursiveChunker({ maxTokens: 40 }), recursiveChunker({ maxTokens: 40, overlapPercent: 20 })],
      [
        recursiveChunker({ maxTokens: 40 }),
        recursiveChunker({ maxTokens: 40, separators: [{ after: ',' }] }),
      ],
      [recursiveChunker({ maxTokens: 40 }), recursiveChunker({ maxTokens: 40, trim: false })],
      [fixedChunker({ maxTokens: 40, snap: 'none' }), fixedChunker({ maxTokens: 40, snap: 'word' })],
      [fixedChunker({ maxTokens: 40, snap: 'word' }), fixedChunker({ maxTokens: 40, snap: 'sentence' })],
      [sentenceChunker({ maxTokens: 40 }), sentenceChunker({ maxTokens: 40, maxSentences: 1 })],
      [sentenceChunker({ maxTokens: 40 }), sentenceChunker({ maxTokens: 40, overlapSentences: 1 })],
      [sentenceChunker({ maxTokens: 40 }), sentenceChunker({ maxTokens: 40, overlapTokens: 20 })],
      [sentenceChunker({ maxTokens: 40 }), sentenceChunker({ maxTokens: 40, windowSentences: 1 })],
      [sentenceChunker({ maxSentences: 1 }), sentenceChunker({ maxSentences: 1, locale: 'de' })],
    ]
    for (const [one, other] of changed) {
      expect(one.id).not.toBe(other.id)
      expect(await split(one)).not.toEqual(await split(other))
    }
  })
})

it('never exceeds its cap on long sentences, tables or one endless word', async () => {
  const texts = [
    `${'clause after clause, '.repeat(300)}end.`,
    `| ${'cell | '.repeat(400)}\n`.repeat(3),
    'QUJD'.repeat(3000),
    '字'.repeat(2000),
  ]
  for (const text of texts) {
    const ruler = tokenRuler(pieceTokenizer(), text)
    for (const chunker of [
      recursiveChunker({ maxTokens: 50, overlapPercent: 10 }),
      fixedChunker({ maxTokens: 50, snap: 'paragraph' }),
      sentenceChunker({ maxTokens: 50, overlapSentences: 2 }),
    ]) {
      for (const span of await chunker.split(documentOf(text))) {
        expect(ruler.count(span.start, span.end)).toBeLessThanOrEqual(50)
      }
    }
  }
})
