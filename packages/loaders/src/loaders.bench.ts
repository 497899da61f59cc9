import { bench, describe } from 'vitest'
import { htmlFormat } from './html/index.js'
import { markdownFormat } from './markdown/index.js'
import { pdfFormat } from './pdf/index.js'
import { makePdf } from './testing/make-pdf.js'
import { textFormat } from './text/index.js'

// One megabyte each (PDF: 100 pages), so that operations per second read as megabytes per second.
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const repeated = (part: string): Uint8Array => encode(part.repeat(Math.ceil(1_000_000 / part.length)))

const prose = 'The keeper of the lighthouse writes down what he sees, every hour, in a plain hand.\n'
const text = repeated(prose)
const markdown = repeated(
  `## Heading\n\n${prose.repeat(4)}\n- item with \`code\`\n- [link](x)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n`,
)
const html = repeated(
  `<div class="post"><h2>Heading</h2><p>${prose}</p><ul><li>one</li><li><a href="x">two</a></li></ul></div>\n`,
)
const pages = Array.from({ length: 100 }, () =>
  Array.from({ length: 45 }, (_, line) => ({ text: prose.trim(), x: 72, y: 740 - 15 * line, size: 11 })),
)
const pdf = makePdf(pages)
const pdfs = pdfFormat()

describe('parse one megabyte', () => {
  bench('text', async () => void (await textFormat().parse({ bytes: text, uri: 'a.txt' })))
  bench('markdown', async () => void (await markdownFormat().parse({ bytes: markdown, uri: 'a.md' })))
  bench('html', async () => void (await htmlFormat().parse({ bytes: html, uri: 'a.html' })))
})

describe('parse one hundred pages', () => {
  bench('pdf', async () => void (await pdfs.parse({ bytes: pdf, uri: 'a.pdf' })))
})
