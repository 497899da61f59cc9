import type { Chunker, Document, Mark, Tokenizer } from '@tesserae/core'
import { pieceTokenizer, tokenRuler } from '@tesserae/core'
import { generateTexts, markedDocument } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { fixedChunker } from './fixed.js'
import { recursiveChunker } from './recursive.js'
import { sentenceChunker } from './sentence.js'

/** One token per code unit, so that expectations can be counted by eye. */
const units: Tokenizer = {
  id: 'units',
  ends: (text) => Uint32Array.from({ length: text.length }, (_, index) => index + 1),
}

async function chunksOf(chunker: Chunker, text: string, marks: readonly Mark[] = []): Promise<string[]> {
  const document: Document = { id: 'd', text, marks, metadata: {} }
  const spans = await chunker.split(document)
  return spans.map((span) => text.slice(span.start, span.end))
}

/** Marks the first occurrence of `part`. */
function mark(text: string, part: string, kind: Mark['kind'], level?: number): Mark {
  const start = text.indexOf(part)
  return { kind, level, start, end: start + part.length }
}

describe('recursiveChunker', () => {
  const by = (maxTokens: number, options = {}) =>
    recursiveChunker({ maxTokens, tokenizer: units, ...options })

  it('keeps a text that fits in one chunk', async () => {
    expect(await chunksOf(by(40), 'One.\n\nTwo. Three.\nFour.')).toEqual(['One.\n\nTwo. Three.\nFour.'])
  })

  it('prefers paragraphs to lines to sentences to words to characters', async () => {
    expect(await chunksOf(by(20), 'Aaaa bbbb.\n\nCc dd.\nEe ff.')).toEqual(['Aaaa bbbb.', 'Cc dd.\nEe ff.'])
    expect(await chunksOf(by(20), 'Aaaa bbbb.\nCc dd. Ee ff.')).toEqual(['Aaaa bbbb.', 'Cc dd. Ee ff.'])
    expect(await chunksOf(by(20), 'Aaaa bbbb. Cc dd ee ff gg')).toEqual(['Aaaa bbbb.', 'Cc dd ee ff gg'])
    expect(await chunksOf(by(20), 'aaaa bbbb cccc dddd eeee')).toEqual(['aaaa bbbb cccc dddd', 'eeee'])
    expect(await chunksOf(by(20), 'a'.repeat(45))).toEqual(['a'.repeat(20), 'a'.repeat(20), 'a'.repeat(5)])
  })

  it('counts the text up to the cut, not the blanks behind it', async () => {
    const paragraph = 'a'.repeat(20)
    expect(await chunksOf(by(20), `${paragraph}\n\n\n\n${paragraph}`)).toEqual([paragraph, paragraph])
  })

  it('does not leave a crumb for the sake of a better boundary', async () => {
    // The paragraph ends below a quarter of the chunk: the sentence is taken.
    expect(await chunksOf(by(40), 'Ab.\n\nBbbb bbbb bbbb bbbb bbb. Cccc cccc cccc.')).toEqual([
      'Ab.\n\nBbbb bbbb bbbb bbbb bbb.',
      'Cccc cccc cccc.',
    ])
  })

  it('does not cut inside grapheme clusters that fit, and between code points in those that do not', async () => {
    const family = '👨‍👩‍👧‍👦'
    expect(await chunksOf(by(30), family.repeat(4))).toEqual([family.repeat(2), family.repeat(2)])
    const parts = await chunksOf(by(5), family)
    expect(parts.join('')).toBe(family)
    for (const part of parts) expect(part).not.toMatch(/\p{Surrogate}/u)
    expect(await chunksOf(by(7), 'e\u0301'.repeat(5))).toEqual(['e\u0301'.repeat(3), 'e\u0301'.repeat(2)])
  })

  it('keeps one code point over the cap whole', async () => {
    expect(await chunksOf(by(1), '😀a😀')).toEqual(['😀', 'a', '😀'])
  })

  it('cuts Chinese and Thai between words and never before punctuation', async () => {
    const chinese = '租客在五月一日之前支付押金，'
    for (const chunk of await chunksOf(by(14), chinese.repeat(10))) expect(chunk).not.toMatch(/^[，。]/)
    const thai = await chunksOf(by(20), 'ผู้เช่าจ่ายเงินประกันก่อนวันแรกของเดือน')
    expect(thai.length).toBeGreaterThan(1)
    const words = [...new Intl.Segmenter('th', { granularity: 'word' }).segment(thai.join(''))].map(
      (w) => w.index,
    )
    expect(words).toContain(thai[0]!.length)
  })

  it('takes literal separators in their order', async () => {
    const text = 'alpha; beta, gamma; delta, epsilon'
    expect(await chunksOf(by(20, { separators: [{ after: ';' }] }), text)).toEqual([
      'alpha; beta, gamma;',
      'delta, epsilon',
    ])
    expect(await chunksOf(by(20, { separators: [{ before: 'gamma' }, { after: ';' }] }), text)).toEqual([
      'alpha; beta,',
      'gamma;',
      'delta, epsilon',
    ])
  })

  it('takes a separator for text, not for a pattern', async () => {
    expect(await chunksOf(by(12, { separators: [{ after: '.*(' }] }), 'aaaa.*(bbbb cccc')).toEqual([
      'aaaa.*(',
      'bbbb cccc',
    ])
  })

  it('tiles the text when it does not trim', async () => {
    const text = '  One two three.\n\n\n  Four five six seven.  \r\n\r\n'
    const chunks = await chunksOf(by(18, { trim: false }), text)
    expect(chunks.length).toBeGreaterThan(2)
    expect(chunks.join('')).toBe(text)
  })

  it('repeats whole sentences where the overlap has room for them', async () => {
    const text = 'Aaaa aaaa. Bbbb bbbb. Cccc cccc. Dddd dddd. Eeee eeee.'
    expect(await chunksOf(by(32, { overlapTokens: 12 }), text)).toEqual([
      'Aaaa aaaa. Bbbb bbbb. Cccc cccc.',
      'Cccc cccc. Dddd dddd. Eeee eeee.',
    ])
  })

  it('repeats whole words where it has room for no sentence, and at most the overlap', async () => {
    const text = 'aaaa bbbb cccc dddd eeee ffff gggg hhhh'
    expect(await chunksOf(by(20, { overlapTokens: 7 }), text)).toEqual([
      'aaaa bbbb cccc dddd',
      'dddd eeee ffff gggg',
      'gggg hhhh',
    ])
  })

  it('repeats less rather than break a sentence that fits alone', async () => {
    const text = 'Aaaa aaaa aaaa. Bbbb bbbb. Cccc cccc cccc cccc cccc ccc.'
    expect(await chunksOf(by(30, { overlapTokens: 12 }), text)).toEqual([
      'Aaaa aaaa aaaa. Bbbb bbbb.',
      'Cccc cccc cccc cccc cccc ccc.',
    ])
  })
})

describe('recursiveChunker with marks', () => {
  const by = (maxTokens: number, options = {}) =>
    recursiveChunker({ maxTokens, tokenizer: units, ...options })

  it('cuts in front of headings, outer levels first', async () => {
    const text = 'Intro text.\n\nPart A\n\nBody a.\n\nSub\n\nBody b.\n\nPart B\n\nBody c.'
    const marks = [
      mark(text, 'Part A', 'heading', 1),
      mark(text, 'Sub', 'heading', 2),
      mark(text, 'Part B', 'heading', 1),
    ]
    expect(await chunksOf(by(50), text, marks)).toEqual([
      text.slice(0, text.indexOf('Part B')).trim(),
      'Part B\n\nBody c.',
    ])
    expect(await chunksOf(by(30), text, marks)).toEqual([
      'Intro text.',
      'Part A\n\nBody a.\n\nSub\n\nBody b.',
      'Part B\n\nBody c.',
    ])
  })

  it('does not leave a heading alone at the end of a chunk', async () => {
    const text = 'Aaaa aaaa aaaa.\n\nTitle\n\nBbbb bbbb bbbb.'
    const marks = [mark(text, 'Title', 'heading', 2)]
    const separators = ['paragraph', 'sentence']
    expect(await chunksOf(by(25, { separators }), text, [])).toEqual([
      'Aaaa aaaa aaaa.\n\nTitle',
      'Bbbb bbbb bbbb.',
    ])
    expect(await chunksOf(by(25, { separators }), text, marks)).toEqual([
      'Aaaa aaaa aaaa.',
      'Title\n\nBbbb bbbb bbbb.',
    ])
  })

  it('leaves a heading alone only when nothing fits beside it', async () => {
    const text = 'Long heading\n\nconst a = 1\n\nconst b = 22'
    const marks = [
      mark(text, 'Long heading', 'heading', 1),
      mark(text, 'const a = 1\n\nconst b = 22', 'code'),
    ]
    expect(await chunksOf(by(26), text, marks)).toEqual(['Long heading', 'const a = 1\n\nconst b = 22'])
  })

  it('keeps code blocks, tables and rows that fit', async () => {
    const code = 'if (a) {\n\n  b()\n}'
    const text = `Some words first.\n\n${code}\n\nAnd after.`
    expect(await chunksOf(by(30), text, [])).not.toContain(code)
    expect(await chunksOf(by(30), text, [mark(text, code, 'code')])).toEqual([
      'Some words first.',
      `${code}\n\nAnd after.`,
    ])

    const rows = ['| a one | b two |', '| c. Three | d |', '| e | f. Four |']
    const table = `Text.\n\n${rows.join('\n')}`
    const marks = [mark(table, rows.join('\n'), 'table'), ...rows.map((row) => mark(table, row, 'row'))]
    // The table is over the cap, its rows are not.
    expect(await chunksOf(by(20), table, marks)).toEqual(['Text.', ...rows])
    expect(await chunksOf(by(50), table, marks)).toEqual(['Text.', rows.join('\n')])
  })

  it('keeps an introduction with the block it announces', async () => {
    const text = 'First some words.\n\nFor example:\n\ncode();'
    const marks = [mark(text, 'code();', 'code')]
    const plain = text.replace('example:', 'example.')
    expect(await chunksOf(by(36), text, marks)).toEqual(['First some words.', 'For example:\n\ncode();'])
    expect(await chunksOf(by(36), plain, marks)).toEqual(['First some words.\n\nFor example.', 'code();'])
  })

  it('cuts a code block over the cap at its lines', async () => {
    const text = 'first line here\nsecond line here\nthird line here'
    expect(await chunksOf(by(34), text, [mark(text, text, 'code')])).toEqual([
      'first line here\nsecond line here',
      'third line here',
    ])
  })

  it('cuts code at any of its lines, also where prose would run on', async () => {
    const line = 'call_something_with(a_rather_long_argument, and_another_one)'
    const text = `${line}\n${line}\n${line}`
    expect(await chunksOf(by(130), text, [mark(text, text, 'code')])).toEqual([`${line}\n${line}`, line])
  })

  it('does not start an overlap inside a row', async () => {
    const text = 'word word word word\n| cell one | cell two |\nmore words here and there'
    const marks = [mark(text, '| cell one | cell two |', 'row')]
    const chunks = await chunksOf(by(45, { overlapTokens: 15 }), text, marks)
    for (const chunk of chunks) {
      expect(chunk.includes('cell')).toBe(chunk.includes('| cell one | cell two |'))
    }
  })
})

describe('what marks ask to keep, on generated Markdown', () => {
  const maxTokens = 60
  const texts = generateTexts({ seed: 11, count: 1500, kind: 'markdown' })
  const chunkers = {
    recursive: recursiveChunker({ maxTokens }),
    'fixed by paragraph': fixedChunker({ maxTokens, snap: 'paragraph' }),
    sentence: sentenceChunker({ maxTokens }),
  }

  it.each(Object.entries(chunkers))(
    '%s keeps headings with their text and small blocks whole',
    async (_, chunker) => {
      let blocks = 0
      let headings = 0
      for (const text of texts) {
        const document = markedDocument('d', text)
        const ruler = tokenRuler(pieceTokenizer(), text)
        const spans = await chunker.split(document)
        for (const { kind, start, end } of document.marks) {
          const last = start + text.slice(start, end).trimEnd().length
          if (kind === 'heading') {
            headings++
            const isEndOfText = text.slice(last).trim() === ''
            const isLeftAlone = spans.some((span) => span.start < start && span.end === last)
            expect(isLeftAlone && !isEndOfText, text).toBe(false)
          }
          if (kind === 'code' && ruler.count(start, last) <= maxTokens) {
            blocks++
            expect(
              spans.some((span) => span.start <= start && span.end >= last),
              text,
            ).toBe(true)
          }
        }
      }
      expect(blocks).toBeGreaterThan(100)
      expect(headings).toBeGreaterThan(100)
    },
  )
})
