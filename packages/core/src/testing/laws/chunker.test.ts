import { describe, expect, it } from 'vitest'
import type { ChunkSpan } from '../../chunk.js'
import type { Chunker } from '../../chunker.js'
import type { Document } from '../../document.js'
import type { Tokenizer } from '../../tokenizer.js'
import { fakeChunker } from '../fakes/chunker.js'
import { LawViolation } from '../law.js'
import { type ChunkerLawOptions, chunkerLaws } from './chunker.js'

/** One token per UTF-16 code unit. */
const unitTokenizer: Tokenizer = {
  id: 'units',
  ends: (text) => Uint32Array.from({ length: text.length }, (_, index) => index + 1),
}

const capped: ChunkerLawOptions = { count: 120, maxTokens: 40, tokenizer: unitTokenizer }

describe('chunkerLaws hold for the fake chunker', () => {
  for (const law of chunkerLaws(() => fakeChunker({ maxUnits: 30, context: 'Title' }), capped))
    it(law.name, () => law.run())
})

describe('chunkerLaws hold on Markdown, with one chunker for all', () => {
  for (const law of chunkerLaws(fakeChunker(), { markdown: true, count: 60 })) it(law.name, () => law.run())
})

/** The fake chunker with its spans, or the whole split, changed. */
function mutant(
  change: (spans: ChunkSpan[], document: Document, call: number) => readonly ChunkSpan[],
): () => Chunker {
  return () => {
    const inner = fakeChunker({ maxUnits: 30 })
    return {
      id: 'mutant',
      split: async (document, options) =>
        change([...(await inner.split(document, options))], document, inner.calls.length),
    }
  }
}

let counter = 0
const mutants: readonly { readonly law: string; readonly why: string; readonly make: () => Chunker }[] = [
  {
    law: 'spans are in bounds and not empty',
    why: 'runs past the end',
    make: mutant((spans, { text }) =>
      spans.map((span, i) => (i === spans.length - 1 ? { ...span, end: text.length + 1 } : span)),
    ),
  },
  {
    law: 'spans are in bounds and not empty',
    why: 'adds an empty span',
    make: mutant((spans) => spans.flatMap((span) => [{ start: span.start, end: span.start }, span])),
  },
  {
    law: 'spans are in bounds and not empty',
    why: 'has a window beside the span',
    make: mutant((spans) =>
      spans.map((span) => ({ ...span, window: { start: span.end - 1, end: span.end } })),
    ),
  },
  {
    law: 'spans are in bounds and not empty',
    why: 'halves offsets',
    make: mutant((spans) => spans.map((span) => ({ ...span, start: span.start + 0.5 }))),
  },
  { law: 'spans are sorted by start', why: 'reverses', make: mutant((spans) => spans.toReversed()) },
  {
    law: 'no surrogate pair or CRLF is cut',
    why: 'cuts every seven units',
    make: mutant((_, { text }) =>
      Array.from({ length: Math.ceil(text.length / 7) }, (_, i) => ({
        start: i * 7,
        end: Math.min(i * 7 + 7, text.length),
      })),
    ),
  },
  {
    law: 'no surrogate pair or CRLF is cut',
    why: 'cuts with its window',
    make: mutant((spans, { text }) =>
      spans.map((span) => ({
        ...span,
        window: { start: Math.max(0, span.start - 1), end: Math.min(text.length, span.end + 1) },
      })),
    ),
  },
  {
    law: 'every character that is not blank is in a chunk',
    why: 'loses the last character',
    make: mutant((spans) =>
      spans.map((span) => ({ ...span, end: span.end - 1 })).filter((span) => span.end > span.start),
    ),
  },
  {
    law: 'every character that is not blank is in a chunk',
    why: 'drops short chunks',
    make: mutant((spans) => spans.filter((span) => span.end - span.start > 3)),
  },
  {
    law: 'no span comes twice',
    why: 'repeats a span',
    make: mutant((spans) => spans.flatMap((span) => [span, span])),
  },
  {
    law: 'no chunk is over the token cap, context counted',
    why: 'joins two chunks',
    make: mutant((spans) =>
      spans.map((span, i) => ({ start: span.start, end: spans[i + 1]?.end ?? span.end })),
    ),
  },
  {
    law: 'no chunk is over the token cap, context counted',
    why: 'forgets the context',
    make: mutant((spans) => spans.map((span) => ({ ...span, context: 'a path of twenty units' }))),
  },
  {
    law: 'tokens tell the size of the span',
    why: 'counts one too many',
    make: mutant((spans) => spans.map((span) => ({ ...span, tokens: span.end - span.start + 1 }))),
  },
  {
    law: 'chunk text is the slice of the document',
    why: 'gives spans that toChunks refuses',
    make: mutant((spans) => spans.map((span) => ({ ...span, start: -1 }))),
  },
  {
    law: 'chunk ids are stable, not empty and distinct',
    why: 'repeats a span',
    make: mutant((spans) => spans.flatMap((span) => [span, span])),
  },
  {
    law: 'an empty or blank document has no chunks',
    why: 'returns the whole text',
    make: mutant((_, { text }) => (text === '' ? [] : [{ start: 0, end: text.length }])),
  },
  {
    law: 'splitting again gives the same spans',
    why: 'depends on the number of calls',
    make: mutant((spans, _, call) => (call % 2 ? spans : spans.slice(1))),
  },
  {
    law: 'what was split before does not matter',
    why: 'remembers a regular expression position',
    make: () => {
      const pattern = /[^.]+/g
      return {
        id: 'sticky',
        split: async ({ text }) => {
          const match = pattern.exec(text)
          return match ? [{ start: match.index, end: pattern.lastIndex }] : []
        },
      }
    },
  },
  {
    law: 'the document is left as it was',
    why: 'sorts the marks of its input',
    make: () => {
      const inner = fakeChunker()
      return {
        id: 'sorter',
        split: (document) => {
          const marks = document.marks as unknown[]
          marks.reverse()
          return inner.split(document)
        },
      }
    },
  },
  {
    law: 'repeated paragraphs keep their own offsets',
    why: 'finds its pieces again with indexOf',
    make: mutant((spans, { text }) =>
      spans
        .map((span) => {
          const piece = text.slice(span.start, span.end)
          const start = text.indexOf(piece)
          return { start, end: start + piece.length }
        })
        .toSorted((a, b) => a.start - b.start),
    ),
  },
  {
    law: 'one huge line is split like any text',
    why: 'gives up on a line without an end',
    make: mutant((spans, { text }) => (text.includes('\n') ? spans : spans.slice(0, 5))),
  },
  {
    law: 'an abort rejects with the reason of the signal',
    why: 'ignores the signal',
    make: () => ({
      id: 'deaf',
      split: ({ text }) => fakeChunker().split({ id: 'x', text, marks: [], metadata: {} }),
    }),
  },
  {
    law: 'an abort rejects with the reason of the signal',
    why: 'wraps the reason',
    make: () => ({
      id: 'wrapper',
      split: (document, options) =>
        fakeChunker()
          .split(document, options)
          .catch((cause: unknown) => {
            throw new Error('split failed', { cause })
          }),
    }),
  },
  {
    law: 'the id names the chunker and stays the same',
    why: 'numbers its instances',
    make: () => {
      counter += 1
      return { ...fakeChunker(), id: `chunker-${counter}` }
    },
  },
  {
    law: 'the id names the chunker and stays the same',
    why: 'has no name',
    make: () => ({ ...fakeChunker(), id: '' }),
  },
]

describe('chunkerLaws catch', () => {
  for (const { law: name, why, make } of mutants)
    it(`a chunker that ${why}: ${name}`, async () => {
      const law = chunkerLaws(make, capped).find((candidate) => candidate.name === name)
      expect(law, `no law "${name}"`).toBeDefined()
      await expect(law?.run()).rejects.toBeInstanceOf(LawViolation)
    })

  it('has a mutant for every law', () => {
    const caught = new Set(mutants.map(({ law }) => law))
    expect(
      chunkerLaws(() => fakeChunker(), capped)
        .map((law) => law.name)
        .filter((name) => !caught.has(name)),
    ).toEqual([])
  })
})

describe('a violation', () => {
  it('shows the seed and a text shrunk to the essential', async () => {
    const laws = chunkerLaws(
      mutant((spans) => spans.filter((span) => span.end - span.start > 3)),
      { seed: 5 },
    )
    const law = laws.find(({ name }) => name === 'every character that is not blank is in a chunk')
    const violation = await law?.run().catch((error: unknown) => error)
    expect(violation).toBeInstanceOf(LawViolation)
    const { evidence, message } = violation as LawViolation
    expect(evidence.text?.length).toBeLessThanOrEqual(3)
    expect(message).toContain('seed:     5')
  })
})

describe('options', () => {
  it('leave out coverage when the chunker declares that it does not cover', () => {
    const names = chunkerLaws(fakeChunker(), { coversAll: false }).map((law) => law.name)
    expect(names).not.toContain('every character that is not blank is in a chunk')
  })

  it('refuse a cap without a tokenizer', () => {
    expect(() => chunkerLaws(fakeChunker(), { maxTokens: 10 })).toThrow('`tokenizer`')
  })

  it('take texts of the caller', async () => {
    const chunker = fakeChunker()
    const laws = chunkerLaws(chunker, { texts: ['only this text'] })
    await laws[0]?.run()
    expect(chunker.calls.map(({ text }) => text)).toEqual(['only this text'])
  })
})
