import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type Document, lineIndex, originSpan } from '@tesserae/core'
import { seededRandom } from '@tesserae/core/testing'
import { load } from 'cheerio/slim'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { directory } from '../directory/index.js'
import { parseDocument } from '../format.js'
import { hasSharedData, sharedData } from '../testing/shared.js'
import { type HtmlFormatOptions, htmlFormat } from './index.js'
import { nodeTracer } from './trace-node.js'

const whole = { mainContent: false }

/** The decoded source beside the document. */
interface Page {
  readonly source: string
  readonly document: Document
}

async function pageOf(html: string | Uint8Array, options: HtmlFormatOptions = {}): Promise<Page> {
  const bytes = typeof html === 'string' ? new TextEncoder().encode(html) : html
  const document = await parseDocument({ bytes, uri: 'page.html' }, { format: htmlFormat(options) })
  const encoding = document.metadata.encoding
  const decoder = new TextDecoder(typeof encoding === 'string' ? encoding : 'utf-8')
  return { source: decoder.decode(bytes).replace(/^\ufeff+/, ''), document }
}

function sliceOf({ source, document }: Page, start: number, end: number): string {
  const span = originSpan(document, { start, end })
  return source.slice(span.start, span.end)
}

/** Source of the first occurrence of `part` in the text. */
function sourceOf(page: Page, part: string): string {
  const start = page.document.text.indexOf(part)
  expect(start).toBeGreaterThanOrEqual(0)
  return sliceOf(page, start, start + part.length)
}

/** Character references decoded, by the library: what stands in the source is not read with the code under test. */
function decoded(text: string): string {
  return load(text.replace(/</g, '&lt;')).text()
}

const SILENT =
  /<(script|style|noscript|template|head|title|iframe|object|svg|math|canvas|audio|video|map|select|datalist|textarea|button|noframes|dialog)\b[\s\S]*?<\/\1\s*>/gi
const MARKUP = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<[!?][^>]*>|<\/?[A-Za-z][^>]*>/g

function withoutBlanks(text: string): string {
  return text.replace(/[\s\ufeff]+/g, '')
}

/** What a reader of the source sees, blanks aside. */
function shown(source: string): string {
  return withoutBlanks(decoded(source.replace(SILENT, '').replace(MARKUP, '')))
}

/** Monotone, from the beginnings to the ends of both, and every character of the page at its place. */
function checkCharacters(page: Page): void {
  const { source, document } = page
  const { text, origin } = document
  if (origin === undefined) throw new Error('the document has no origin')
  expect(origin.offsets.length).toBe(origin.origins.length)
  expect([origin.offsets[0], origin.origins[0]]).toEqual([0, 0])
  expect([origin.offsets.at(-1), origin.origins.at(-1)]).toEqual([text.length, source.length])
  for (let at = 1; at < origin.offsets.length; at++) {
    if (origin.offsets[at]! < origin.offsets[at - 1]!) throw new Error('offsets decrease')
    if (origin.origins[at]! < origin.origins[at - 1]!) throw new Error('origins decrease')
  }
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    const slice = sliceOf(page, at, at + 1)
    if (slice === char || /\s/.test(char)) continue
    const isReference = /^&#?[A-Za-z0-9]+;?$/.test(slice) && decoded(slice).includes(char)
    const isSeparator = slice === '' && char === '|'
    if (!isReference && !isSeparator) {
      const around = JSON.stringify(text.slice(Math.max(0, at - 20), at + 20))
      throw new Error(`${JSON.stringify(char)} at ${at} in ${around} leads to ${JSON.stringify(slice)}`)
    }
  }
}

describe('htmlFormat: origin', () => {
  it('leads copied text to the same characters, whatever tags lie before it', async () => {
    const page = await pageOf('\ufeff<body>\n<p class=x>One <b>bo</b>ld word</p  >\n<div>next</div>', whole)
    expect(page.document.text).toBe('One bold word\n\nnext')
    expect(sourceOf(page, 'One')).toBe('One')
    expect(sourceOf(page, 'bold')).toBe('bo</b>ld')
    expect(sourceOf(page, 'word')).toBe('word')
    expect(sourceOf(page, 'next')).toBe('next')
    expect(originSpan(page.document, { start: 0, end: 3 })).toEqual({ start: 18, end: 21 })
    checkCharacters(page)
  })

  it('leads blanks and references to what they stand for, as a whole', async () => {
    const page = await pageOf(
      '<p>a &amp; b&#x1F600;c  \r\n <i> d</i>&notit; x&NotEqualTilde;y &fjlig; &bogus; &',
      whole,
    )
    expect(page.document.text).toBe('a & b\u{1f600}c d\u00acit; x\u2242\u0338y fj &bogus; &')
    expect(sourceOf(page, '&')).toBe('&amp;')
    expect(sourceOf(page, '\u{1f600}')).toBe('&#x1F600;')
    expect(sourceOf(page, '\ude00c')).toBe('&#x1F600;c')
    expect(sourceOf(page, '\u00ac')).toBe('&not')
    expect(sourceOf(page, 'it;')).toBe('it;')
    expect(sourceOf(page, '\u2242')).toBe('&NotEqualTilde;')
    expect(sourceOf(page, 'j')).toBe('&fjlig;')
    expect(sourceOf(page, '&bogus; &')).toBe('&bogus; &')
    expect(sourceOf(page, 'c d')).toBe('c  \r\n <i> d')
    const blank = page.document.text.indexOf(' d')
    expect(sliceOf(page, blank, blank + 1)).toBe('  \r\n ')
    checkCharacters(page)
  })

  it('reads around what the parser leaves out in the middle of a text', async () => {
    const html =
      '<p>wo<!-- no -->rd</p ><p>un</b>matched</i foo> &lt;/b> te</>xt</p\n>a < b &amp; c <![CDATA[no]]>d'
    const page = await pageOf(html, whole)
    expect(page.document.text).toBe('word\n\nunmatched </b> te</>xt\n\na < b & c d')
    expect(sourceOf(page, 'word')).toBe('wo<!-- no -->rd')
    expect(sourceOf(page, 'unmatched')).toBe('un</b>matched')
    expect(sourceOf(page, '</b>')).toBe('&lt;/b>')
    expect(sourceOf(page, 'te</>xt')).toBe('te</>xt')
    expect(sourceOf(page, 'a < b & c')).toBe('a < b &amp; c')
    checkCharacters(page)
  })

  it('keeps preformatted text and its line ends', async () => {
    const page = await pageOf('<pre>\r\n  if (a) {\r\n\tb <b>&lt;</b> c\r</b>\n<br>}\n</pre>', whole)
    expect(page.document.text).toBe('  if (a) {\n\tb < c\n\n}')
    expect(sourceOf(page, 'if (a) {\n\tb <')).toBe('if (a) {\r\n\tb <b>&lt;')
    expect(sourceOf(page, 'c\n')).toBe('c\r</b>\n')
    checkCharacters(page)
  })

  it('has separators, and addresses of links, come from one place', async () => {
    const page = await pageOf(
      '<table><tr><td>a<td><td>c</table><p>See <a href="x">this</a>.<img alt="A  cat" src=c>',
      {
        ...whole,
        links: 'inline',
        images: true,
      },
    )
    expect(page.document.text).toBe('a | | c\n\nSee this (x).A cat')
    expect(sourceOf(page, ' | | ')).toBe('')
    expect(sourceOf(page, '\n\n')).toBe('')
    expect(sourceOf(page, ' (x)')).toBe('')
    expect(sourceOf(page, 'this (x).')).toBe('this</a>.')
    expect(sourceOf(page, 'cat')).toBe('<img alt="A  cat" src=c>')
  })

  it('keeps words apart that only a space without a break lies between', async () => {
    const page = await pageOf(
      '<p>page&nbsp;<b>5</b> <i>&nbsp;</i>of &#160;<u>9</u>, wo\ufeff<b>rd</b>',
      whole,
    )
    expect(page.document.text).toBe('page 5 of 9, word')
    expect(sourceOf(page, ' 5')).toBe('&nbsp;<b>5')
    checkCharacters(page)
  })

  it('comes with the documents of a directory', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tesserae-origin-'))
    try {
      writeFileSync(join(folder, 'a.html'), '\ufeff<p>a &amp; b</p>')
      writeFileSync(join(folder, 'b.txt'), 'plain')
      const found: (string | undefined)[] = []
      for await (const item of directory(folder).load()) {
        if (item.type === 'failure') throw item.error
        const { text, origin } = item.document
        found.push(origin && sliceOf({ source: '<p>a &amp; b</p>', document: item.document }, 2, text.length))
      }
      expect(found).toEqual(['&amp; b', undefined])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('leads to the node as a whole where text and source do not agree', () => {
    const trace = nodeTracer('<p>abc</p><p>d &amp; e</p>', (text) => text)
    const node = { type: 'text', startIndex: 3, endIndex: 5 }
    expect(trace({ ...node, data: 'abc' })).toEqual({ text: 'abc', start: 3, runs: undefined })
    expect(trace({ ...node, data: 'xyz' }).runs).toMatchObject({ offsets: [0, 1, 3], origins: [3, 3, 6] })
    expect(trace({ ...node, data: 'x' }).runs).toMatchObject({ offsets: [0, 1], origins: [3, 6] })
  })

  it('counts in UTF-16 whatever the encoding of the file', async () => {
    const latin = Uint8Array.from('<p>Gr\xfc\xdfe</p><p>\xe9t\xe9</p>', (char) => char.charCodeAt(0))
    const page = await pageOf(latin, { ...whole, encoding: 'windows-1252' })
    expect(sourceOf(page, 'été')).toBe('été')
  })

  it('tells the line of a passage', async () => {
    const page = await pageOf('<h1>Prices</h1>\r\n<p>\r\n  All prices\r\n  include <b>tax</b>.\r\n</p>')
    const start = page.document.text.indexOf('tax')
    const lines = lineIndex(page.source)
    const place = originSpan(page.document, { start, end: start + 3 }).start
    expect([lines.lineOf(place), lines.columnOf(place)]).toEqual([4, 14])
  })
})

const words = fc.constantFrom('word', 'a', 'Zoë', '\u{1f600}', 'مرحبا', '漢字', 'x;', '#1', 'amp;', '| ')
const references = fc.constantFrom(
  ...[
    '&amp;',
    '&lt;',
    '&gt',
    '&#x1F600;',
    '&#38',
    '&notit;',
    '&copy2020',
    '&NotEqualTilde;',
    '&nbsp;',
    '&fjlig;',
  ],
  ...[
    '&semi;',
    '&NewLine;',
    '&bogus;',
    '& ',
    '&#;',
    '&#0;',
    '&#xD800;',
    '&lt;b>',
    '&amp;amp;',
    '&#32;',
    '&lt;/i>',
  ],
)
const blanks = fc.constantFrom(' ', '  ', '\n', '\r\n', '\t', '\u00a0', '\r', ' \ufeff ', '< ', ' <3 ')
const tags = fc.constantFrom(
  ...['<b>', '</b>', '<i class="a b">', '</i >', '<p>', '</p>', '</p\n>', '<div>', '</div>', '<br>', '</br>'],
  ...[
    '<li>',
    '<ul>',
    '</ul>',
    '<pre>',
    '</pre>',
    '<table><tr><td>',
    '<td>',
    '</table>',
    '<a href=x>',
    '</a x=y>',
  ],
  ...['<!-- no -->', '<![CDATA[no]]>', '<?no?>', '</img>', '<img>', '<svg/>', '<h2>', '</h2>', '<section>'],
)
const generated = fc
  .array(fc.oneof({ weight: 4, arbitrary: words }, references, blanks, tags), { minLength: 1, maxLength: 60 })
  .map((parts) => `${parts.join('')}.`)

describe('htmlFormat: laws of origin', () => {
  it('hold on generated pages: characters, and any span of the text', async () => {
    await fc.assert(
      fc.asyncProperty(generated, fc.nat(), fc.nat(), async (html, one, other) => {
        const page = await pageOf(html, whole)
        checkCharacters(page)
        const { text } = page.document
        const start = Math.min(one % (text.length + 1), other % (text.length + 1))
        const end = Math.max(one % (text.length + 1), other % (text.length + 1))
        // A span that cuts a reference of two characters has the whole of it for source.
        if (['\ude00', '\u0338', 'j'].includes(text[start] ?? '')) return
        if (['\ud83d', '\u2242', 'f'].includes(text[end - 1] ?? '')) return
        const wanted = withoutBlanks(text.slice(start, end)).replace(/\|/g, '')
        const slice = sliceOf(page, start, end)
        expect(shown(slice).replace(/\|/g, '')).toBe(wanted)
      }),
      { numRuns: 3000 },
    )
  })

  it('hold on pages of broken markup', async () => {
    const pieces = fc.constantFrom(
      ...'<>&;/!-?abst#x1 "=\n\r'.split(''),
      '</',
      '<!',
      '<?',
      '<s',
      '<t',
      '&lt',
      '<!--',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 40 }), async (parts) => {
        checkCharacters(await pageOf(`z${parts.join('')}`, whole))
      }),
      { numRuns: 5000 },
    )
  })

  it('bounds the map by the pieces of the text', async () => {
    const { document } = await pageOf(`<p>${'plain words, and more of them. '.repeat(5000)}</p>`, whole)
    expect(document.origin!.offsets.length).toBeLessThan(6)
  })
})

const pages = `${sharedData}/html`

function* realPages(): Generator<{ readonly name: string; readonly bytes: Uint8Array }> {
  for (const folder of ['article-extraction/html', 'trafilatura', 'readability']) {
    for (const entry of readdirSync(`${pages}/${folder}`, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.html(\.gz)?$/.test(entry.name)) continue
      const name = `${entry.parentPath}/${entry.name}`
      const bytes = readFileSync(name)
      yield { name, bytes: name.endsWith('.gz') ? gunzipSync(bytes) : bytes }
    }
  }
}

describe.skipIf(!hasSharedData)(
  'htmlFormat: origin on real pages (skipped without the shared data sets)',
  () => {
    for (const options of [{}, whole]) {
      it(`holds for every character, and for spans, of real pages, ${JSON.stringify(options)}`, async () => {
        const random = seededRandom(7)
        let count = 0
        let same = 0
        let spans = 0
        for (const { name, bytes } of realPages()) {
          const page = await pageOf(bytes, options)
          count++
          try {
            checkCharacters(page)
          } catch (error) {
            throw new Error(`${name}: ${String(error)}`)
          }
          const { text } = page.document
          for (let round = 0; round < 20; round++) {
            const start = Math.floor(random() * text.length)
            const end = Math.min(text.length, start + 1 + Math.floor(random() * 300))
            spans++
            const wanted = withoutBlanks(text.slice(start, end)).replace(/\|/g, '')
            if (shown(sliceOf(page, start, end)).replace(/\|/g, '') === wanted) same++
          }
        }
        expect(count).toBeGreaterThan(180)
        // The others reach across hidden elements or furniture, which lie in the source between their ends.
        expect(same / spans).toBeGreaterThan(0.95)
      })
    }
  },
)
