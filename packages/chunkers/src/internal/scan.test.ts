import { describe, expect, it } from 'vitest'
import { scanCuts } from './scan.js'

const RANKS = { paragraph: 3, line: 2, sentence: 1 }

/** The text cut at every boundary of at least `rank`. */
function pieces(text: string, rank = 1, language = ''): string[] {
  const cuts = scanCuts(text, RANKS, language)
  const found: string[] = []
  let start = 0
  for (let i = 0; i < cuts.size; i++) {
    if (cuts.ranks[i]! < rank) continue
    found.push(text.slice(start, cuts.ends[i]))
    start = cuts.starts[i]!
  }
  found.push(text.slice(start))
  return found
}

describe('sentences', () => {
  const cases: [text: string, expected: string[], language?: string][] = [
    ['It rained. It stopped! Did it? Yes.', ['It rained.', 'It stopped!', 'Did it?', 'Yes.']],
    ['Dr. Lee met Mrs. Woo vs. Mr. Tan.', ['Dr. Lee met Mrs. Woo vs. Mr. Tan.']],
    ['Use tools, e.g. hammers, i.e. tools. Done.', ['Use tools, e.g. hammers, i.e. tools.', 'Done.']],
    [
      'The U.S. Senate met. In the U.S. The vote passed.',
      ['The U.S. Senate met.', 'In the U.S.', 'The vote passed.'],
    ],
    ['See No. 5 and Fig. 3. No. I refuse.', ['See No. 5 and Fig. 3.', 'No.', 'I refuse.']],
    [
      'Prof. J. R. R. Tolkien wrote. So did I. Then we left.',
      ['Prof. J. R. R. Tolkien wrote.', 'So did I.', 'Then we left.'],
    ],
    ['Pi is 3.14 or so. Version 2.10.1 is out.', ['Pi is 3.14 or so.', 'Version 2.10.1 is out.']],
    ['Visit example.com. See index.php?a=b now.', ['Visit example.com.', 'See index.php?a=b now.']],
    [
      'Apple Inc. Chairman Bob spoke. He left Apple Inc. The firm grew.',
      ['Apple Inc. Chairman Bob spoke.', 'He left Apple Inc.', 'The firm grew.'],
    ],
    ['Wait... what? Well… Maybe.', ['Wait... what?', 'Well…', 'Maybe.']],
    [
      'He said "Stop!" and left. "Go." Then he went.',
      ['He said "Stop!" and left.', '"Go."', 'Then he went.'],
    ],
    [
      '“Really?” she asked. (It rained.) [Fin.] End.',
      ['“Really?” she asked.', '(It rained.)', '[Fin.]', 'End.'],
    ],
    ['**Bold claim.** Next one. Yes!! No?! OK.', ['**Bold claim.**', 'Next one.', 'Yes!!', 'No?!', 'OK.']],
    [
      '1. First item. More.\n2. Second item.\niv. Roman.',
      ['1. First item.', 'More.', '2. Second item.', 'iv. Roman.'],
    ],
    ['Wir kommen z.B. am 3. Oktober. Gut.', ['Wir kommen z.B. am 3. Oktober.', 'Gut.'], 'de'],
    ['It was May 3. October came.', ['It was May 3.', 'October came.'], 'en'],
    ['Τι κάνεις; Καλά.', ['Τι κάνεις;', 'Καλά.'], 'el'],
    ['Really? — Yes ! ! Tools etc. , too.', ['Really? — Yes ! !', 'Tools etc. , too.']],
    ['Tea; Coffee.', ['Tea; Coffee.']],
    ['هل انتهى العقد؟ نعم، انتهى أمس. یہ ہے۔ ہاں۔', ['هل انتهى العقد؟', 'نعم، انتهى أمس.', 'یہ ہے۔', 'ہاں۔']],
    [
      '合同结束了吗？是的！“你好。”他说。价格是3.5元。',
      ['合同结束了吗？', '是的！', '“你好。”', '他说。', '价格是3.5元。'],
    ],
    ['「引用。」「次」は。終', ['「引用。」', '「次」は。', '終']],
    ['किरायेदार देता है। हाँ।', ['किरायेदार देता है।', 'हाँ।']],
    ['ผู้เช่าจ่ายเงินประกัน สัญญาสิ้นสุด', ['ผู้เช่าจ่ายเงินประกัน สัญญาสิ้นสุด']],
    ['¿Dónde está? ¡Aquí! Fin.', ['¿Dónde está?', '¡Aquí!', 'Fin.']],
  ]
  it.each(cases)('%s', (text, expected, language = '') => {
    expect(pieces(text, 1, language)).toEqual(expected)
  })
})

describe('lines and paragraphs', () => {
  it('tells blank lines from line breaks, whatever ends a line', () => {
    for (const end of ['\n', '\r\n', '\r', '\u2028']) {
      const text = `One${end}two${end}${end}Three${end} \t${end}Four`
      expect(pieces(text, 2)).toEqual(['One', 'two', 'Three', 'Four'])
      expect(pieces(text, 3)).toEqual([`One${end}two`, 'Three', 'Four'])
    }
    expect(pieces('One\fTwo\u2029Three', 3)).toEqual(['One', 'Two', 'Three'])
  })

  it('runs a sentence on over the break of a wrapped line', () => {
    const wrapped =
      'A line that its editor wrapped because it grew too long for the\nwindow goes on here. And ends.'
    expect(pieces(wrapped)).toEqual([wrapped.slice(0, -10), 'And ends.'])
    const ended = 'A line that its author ended with a colon and then went on with:\nwindow, door, wall'
    expect(pieces(ended)).toEqual(ended.split('\n'))
    const indented = 'A line that its editor wrapped because it grew too long for the\n  - item of a list'
    expect(pieces(indented)).toHaveLength(2)
  })

  it('ranks the break behind a colon lowest', () => {
    expect(pieces('For example:\n\nOne.\n\nTwo.', 2)).toEqual(['For example:\n\nOne.', 'Two.'])
    expect(pieces('For example:\n\nOne.')).toEqual(['For example:', 'One.'])
  })

  it('leaves out what has no rank, and lets a stronger boundary stand for a weaker one', () => {
    const text = 'One. Two.\nThree.\n\nFour.'
    const only = (ranks: Partial<typeof RANKS>) =>
      scanCuts(text, { paragraph: 0, line: 0, sentence: 0, ...ranks })
    expect([...only({ paragraph: 9 }).starts.subarray(0, only({ paragraph: 9 }).size)]).toEqual([18])
    expect(only({ line: 9 }).size).toBe(2)
    expect(only({ sentence: 9 }).size).toBe(3)
    expect(only({}).size).toBe(0)
  })

  it('puts no cut before the first and after the last visible character', () => {
    expect(pieces(' \n\n One. \n\n ')).toEqual([' \n\n One. \n\n '])
  })
})
