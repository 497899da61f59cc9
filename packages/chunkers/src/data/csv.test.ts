import type { Document } from '@tesserae/core'
import { pieceTokenizer, toChunks } from '@tesserae/core'
import { chunkerLaws, generateTexts, seededRandom } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { lawTexts } from '../testing/law-texts.js'
import type { CsvChunkerOptions } from './csv.js'
import { csvChunker } from './csv.js'
import { cellsOf, csvRows, findDelimiter } from './csv-rows.js'

const count = lawTexts
const plain = (text: string): Document => ({ id: 'd', text, marks: [], metadata: {} })

async function shown(text: string, options: CsvChunkerOptions) {
  const chunks = toChunks(plain(text), await csvChunker(options).split(plain(text)))
  return chunks.map((chunk) => [chunk.context, chunk.text])
}

/** All cells, by rows. */
function parse(text: string, delimiter = ','): string[][] {
  const { starts, quotesUntil } = csvRows(text, delimiter)
  return starts.map((start, index) =>
    cellsOf(text, start, starts[index + 1] ?? text.length, delimiter, quotesUntil),
  )
}

const tables = (seed: number, amount: number): { readonly cells: string[][]; readonly text: string }[] => {
  const random = seededRandom(seed)
  const strings = generateTexts({ seed, count: 80, hugeLineUnits: 300 }).map((text) =>
    text.slice(0, 200).trim(),
  )
  return Array.from({ length: amount }, () => {
    const columns = random.integer(1, 6)
    const cells = Array.from({ length: random.integer(1, 12) }, () =>
      Array.from({ length: columns }, () =>
        random.chance(0.3) ? String(random.integer(0, 999)) : random.pick(strings),
      ),
    )
    const lineEnd = random.pick(['\n', '\r\n'])
    const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`
    const text = cells.map((row) => row.map(quoted).join(',') + lineEnd).join('')
    return { cells: cells.map((row) => row.map((cell) => cell.trim())), text }
  })
}

describe('csvChunker', () => {
  it('packs rows and repeats the header as context', async () => {
    const rows = Array.from({ length: 9 }, (_, index) => `item ${index},${index * 10}`)
    const text = ['name,price', ...rows].join('\r\n')
    const chunks = await shown(text, { maxTokens: 20 })
    expect(chunks[0]).toEqual([undefined, 'name,price\r\nitem 0,0\r\nitem 1,10\r\nitem 2,20\r\nitem 3,30'])
    for (const [context, part] of chunks.slice(1)) {
      expect(context).toBe('name,price')
      expect(part).toMatch(/^item \d,\d+(\r\nitem \d,\d+)*$/)
    }
    expect(chunks.map(([, part]) => part).join('\r\n')).toBe(text)
    const bare = await shown(text, { maxTokens: 20, header: false })
    expect(bare.every(([context]) => context === undefined)).toBe(true)
  })

  it('keeps line breaks and delimiters inside quotes in their row', async () => {
    const text = 'id,note\n1,"a\n""b"", c"\n2,"x\r\ny"\n3,z\n'
    expect(parse(text)).toEqual([
      ['id', 'note'],
      ['1', 'a\n"b", c'],
      ['2', 'x\r\ny'],
      ['3', 'z'],
    ])
    const chunks = await shown(text, { maxTokens: 16 })
    expect(chunks.map(([, part]) => part)).toContain('2,"x\r\ny"\n3,z')
  })

  it('takes a quotation mark that nothing closes, or inside a cell, for text', () => {
    expect(parse('a,b\n1,"open\n2,c')).toEqual([
      ['a', 'b'],
      ['1', '"open'],
      ['2', 'c'],
    ])
    expect(parse('5" disk,6\n7,8"')).toEqual([
      ['5" disk', '6'],
      ['7', '8"'],
    ])
  })

  it('reads back what was written', () => {
    for (const { cells, text } of tables(5, 300)) expect(parse(text)).toEqual(cells)
  })

  it.each([
    ['a,b\n1,2', ','],
    ['a;b\n1,5;2,5\n3,1;4', ';'],
    ['a\tb c, d\n1\t2', '\t'],
    ['a|b|c\n1|2|3', '|'],
    ['"a;b","c;d"\n"1;2","3"', ','],
    ['one column\nonly', ','],
    ['', ','],
  ])('finds the delimiter of %j', (text, delimiter) => {
    expect(findDelimiter(text)).toBe(delimiter)
  })

  it.each([
    ['name,price\nx,1\ny,2', true],
    ['name;price\nx;1\ny;2', true],
    ['first name,town\nAnn,Ulm\nBob,Bonn', true],
    ['1,2\n3,4', false],
    ['2024-01-01,x\n2024-01-02,y', false],
    ['a,a\n1,2', false],
    ['a,\n1,2', false],
    ['yes,no\nyes,yes', false],
    ['only,one', true],
    [`${'long '.repeat(20)},b\n1,2`, false],
  ])('tells whether %j has a header', async (text, isHeader) => {
    const chunks = await shown(`${text}\n${'x1,y2\n'.repeat(40)}`, {
      maxTokens: 30,
      ...(text.includes(';') ? { delimiter: ';' } : {}),
    })
    expect(chunks.at(-1)?.[0] !== undefined).toBe(isHeader)
    const [single] = await shown(text, { maxTokens: 400 })
    expect(single).toEqual([undefined, text.trim()])
  })

  it('divides a row over the cap at its cells, and a cell at its sentences', async () => {
    const cell = 'One sentence here. Another sentence there.'
    const text = `a,b,c\n${cell},x,"${`${cell} `.repeat(4)}"\n1,2,3`
    const chunks = await shown(text, { maxTokens: 24 })
    expect(
      chunks.every(([context], index) => (index === 0 ? context === undefined : context === 'a,b,c')),
    ).toBe(true)
    expect(chunks.map(([, part]) => part?.replace(/\s/g, '')).join('')).toBe(text.replace(/\s/g, ''))
    expect(chunks.some(([, part]) => /^(One|Another) sentence \w+\./.test(part!))).toBe(true)
  })

  it('cuts a header that would take more than half of the cap', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `column_${index}`).join(',')
    const values = Array.from({ length: 60 }, (_, index) => index).join(',')
    const chunks = await shown(`${names}\n${values}\n${values}`, { maxTokens: 60 })
    const context = chunks.at(-1)?.[0]
    expect(context).toMatch(/^column_0,column_1.*…$/)
    expect(pieceTokenizer().ends(`${context}\n`).length).toBeLessThanOrEqual(30)
  })

  it('takes 10 MB of rows, one row of 2 MB and quotes without end', async () => {
    for (const text of [
      `name,price\n${'a name,12\n'.repeat(1_000_000)}`,
      `a,b\n${'cell,'.repeat(400_000)}`,
      `a,b\n"${'x '.repeat(1_000_000)}`,
      `a,b\n${'"x,'.repeat(300_001)}`,
      `a,b\n"${'""'.repeat(500_000)}`,
      `a,b\n${'"x\n'.repeat(300_001)}`,
    ]) {
      const spans = await csvChunker().split(plain(text))
      expect(spans.at(-1)?.end).toBe(text.trimEnd().length)
    }
  })

  it('ends with the reason of the signal while it works', async () => {
    const controller = new AbortController()
    const text = 'a name,12\n'.repeat(300_000)
    setTimeout(() => controller.abort(new Error('enough')), 0)
    const run = csvChunker({ maxTokens: 20 }).split(plain(text), { signal: controller.signal })
    await expect(run).rejects.toThrow('enough')
  })

  it.each([
    [{ maxTokens: 0 }, 'maxTokens'],
    [{ header: 'yes' }, 'header'],
    [{ delimiter: '' }, 'delimiter'],
    [{ delimiter: '::' }, 'delimiter'],
    [{ delimiter: '"' }, 'delimiter'],
    [{ delimiter: '\n' }, 'delimiter'],
    [{ rows: 3 }, 'an option of csvChunker'],
  ])('refuses %j', (options, message) => {
    expect(() => csvChunker(options as CsvChunkerOptions)).toThrow(message)
  })
})

describe('laws: csv', () => {
  for (const [index, maxTokens] of [30, 6].entries()) {
    describe(`${maxTokens} tokens`, () => {
      const texts = tables(index + 20, Math.ceil(count / (index === 0 ? 2 : 10))).map(({ text }) => text)
      const laws = chunkerLaws(() => csvChunker({ maxTokens, header: index === 0 ? 'auto' : true }), {
        texts: [
          ...texts,
          ...generateTexts({
            count: Math.ceil(count / (index === 0 ? 4 : 20)),
            seed: index,
            hugeLineUnits: 1000,
          }),
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
