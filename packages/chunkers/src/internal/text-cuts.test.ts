import type { Document } from '@tesserae/core'
import { generateTexts, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import type { Separator } from './boundaries.js'
import { documentCuts } from './boundaries.js'
import type { Cuts } from './cut-table.js'
import { KeptSpans } from './kept-spans.js'
import { TextCuts } from './text-cuts.js'

const ORDERS: readonly (readonly Separator[])[] = [
  ['heading', 'paragraph', 'line', 'sentence'],
  ['sentence'],
  ['sentence', 'line', 'paragraph'],
  ['paragraph', { after: ',' }],
  [{ before: ' ' }, 'sentence'],
  [{ after: '. ' }],
]

function documentOf(text: string): Document {
  const middle = text.length >> 1
  return {
    id: 'a',
    text,
    marks: [{ kind: 'heading', level: 2, start: middle, end: middle + 1 }],
    metadata: {},
  }
}

const MOST_QUESTIONS = 40

/** Asks both for cuts as a packer does: forward, in steps, with looks back and aside on the way. */
function compare(found: Cuts, expected: Cuts, length: number, random: () => number): void {
  const step = 1 + Math.floor(random() * (random() < 0.3 ? 12 : 2000))
  let floor = Math.floor(random() * Math.max(0, length - MOST_QUESTIONS * step))
  for (let i = 0; i < MOST_QUESTIONS && floor < length; i++) {
    const limit = Math.min(length, floor + Math.floor(random() * step))
    const trim = random() < 0.5
    const question = { floor, limit, trim }
    expect([question, found.best(floor, limit, trim)]).toEqual([question, expected.best(floor, limit, trim)])
    const from = floor + Math.floor(random() * (limit - floor + 2))
    expect([from, question, found.first(from, limit, trim)]).toEqual([
      from,
      question,
      expected.first(from, limit, trim),
    ])
    floor += 1 + Math.floor(random() * step)
  }
}

const WORDS = [
  'Mr. ',
  'one ',
  'Two',
  '. ',
  '12. ',
  '\n',
  '\n\n',
  '> - ',
  '"',
  '”) ',
  '! ',
  '。',
  '字',
  'x: ',
  '\r\n',
]

/** Texts in which every rule has work, long enough for several windows; some with runs without a word. */
function knottyTexts(count: number): string[] {
  const random = seededRandom(5)
  const draw = () => WORDS[Math.floor(random() * WORDS.length)]!
  return Array.from({ length: count }, () => {
    let text = ''
    const parts = 20 + Math.floor(random() * 900)
    for (let i = 0; i < parts; i++) {
      const isRun = random() < 0.01
      text += isRun ? draw().repeat(Math.floor(random() * 400)) : draw()
      // Lines longer than any rule looks back.
      if (random() < 0.2) text += 'word and '.repeat(Math.floor(random() * 12))
    }
    return text
  })
}

describe('cuts found when they are asked for', () => {
  it.each(ORDERS.map((order) => [JSON.stringify(order), order] as const))(
    'are those of all: %s',
    (_, order) => {
      const random = seededRandom(11)
      const texts = [...generateTexts({ seed: 3, count: 300 }), ...knottyTexts(60)]
      for (const text of texts) {
        const document = documentOf(text)
        const all = documentCuts(document, order, '')
        const cuts = new TextCuts(document, order, '', new KeptSpans())
        compare(cuts, all, text.length, random)
        expect(cuts.isEmpty).toBe(all.isEmpty)
        compare(cuts, all, text.length, random)
      }
    },
  )

  it('know how their line begins, however far back', () => {
    for (const head of ['Word ', '']) {
      const text = `First.\n${head}${'> '.repeat(40)}12. One more! \nTwo.`
      const document = { id: 'a', text, marks: [], metadata: {} }
      const all = documentCuts(document, ['sentence'], '')
      for (let floor = 0; floor < text.length; floor++) {
        const limit = Math.min(text.length, floor + 8)
        const cuts = new TextCuts(document, ['sentence'], '', new KeptSpans())
        expect([floor, cuts.best(floor, limit, true)]).toEqual([floor, all.best(floor, limit, true)])
      }
    }
  })

  it('do not depend on what was asked before', () => {
    const document = documentOf('Foo...! \nBar. \n \n Baz?! ”) \r\n x')
    const { length } = document.text
    const all = documentCuts(document, ['line', 'sentence'], '')
    for (let before = 1; before <= length; before++) {
      for (let limit = 1; limit <= length; limit++) {
        const floor = Math.min(limit, before) - 1
        const cuts = new TextCuts(document, ['line', 'sentence'], '', new KeptSpans())
        cuts.best(before - 1, before, true)
        const expected = all.best(floor, limit, true)
        expect([before, limit, cuts.best(floor, limit, true)]).toEqual([before, limit, expected])
      }
    }
  })

  it('spare the cuts that kept spans forbid', () => {
    for (const text of ['One. Two. Three. Four.', 'One.\n\nTwo.\n\nThree\n\nFour.']) {
      const kept = new KeptSpans()
      const [second, last] = [text.indexOf('T'), text.indexOf('F')]
      kept.addBlock(second, last - 1)
      const document = { id: 'a', text, marks: [], metadata: {} }
      const cuts = new TextCuts(document, ['paragraph', 'sentence'], '', kept)
      expect(cuts.best(0, text.length, true)).toBe(last)
      expect(cuts.best(0, last - 3, true)).toBe(second)
      expect(cuts.first(second + 1, text.length, true)).toBe(last)
    }
  })

  it.each([
    ['blanks', ' '],
    ['line breaks', '\n'],
    ['full stops', '.'],
    ['full stops and blanks', '. '],
    ['letters', 'a'],
    ['symbols', '—'],
    ['colons in front of blank lines', ':\n\n'],
  ])('take linear time in a text of nothing but %s', (_, unit) => {
    const text = unit.repeat(1_000_000 / unit.length)
    const cuts = new TextCuts(
      { id: 'a', text, marks: [], metadata: {} },
      ['paragraph', 'sentence'],
      '',
      new KeptSpans(),
    )
    // 50,000 steps: were each to look at the whole text, this would run for minutes.
    for (let floor = 0; floor + 30 < text.length; floor += 20) {
      const limit = floor + (floor % 40 === 0 ? 10 : 30)
      expect(cuts.best(floor, limit, false)).toBeLessThanOrEqual(limit)
    }
  })
})
