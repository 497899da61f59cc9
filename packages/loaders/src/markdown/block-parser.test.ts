import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Mark } from '@tesserae/core'
import { type Node, Parser } from 'commonmark'
import fc from 'fast-check'
import { parse, postprocess, preprocess } from 'micromark'
import { gfmTable } from 'micromark-extension-gfm-table'
import type { Event } from 'micromark-util-types'
import { describe, expect, it } from 'vitest'
import { BlockParser } from './block-parser.js'
import { finishedMarks } from './marks.js'

const shared = process.env.TESSERAE_SHARED ?? fileURLToPath(new URL('../../../../../shared', import.meta.url))
const examplesPath = `${shared}/data/docs/commonmark/spec-examples.json`
const hasShared = existsSync(examplesPath)

function marksOf(text: string, slice = 1_000_000): readonly Mark[] {
  const parser = new BlockParser(text, 0)
  while (parser.run(slice));
  return finishedMarks(parser.finish())
}

const KINDS: { readonly [type: string]: Mark['kind'] } = {
  atxHeading: 'heading',
  paragraph: 'paragraph',
  listOrdered: 'list',
  listUnordered: 'list',
  blockQuote: 'quote',
  codeFenced: 'code',
  codeIndented: 'code',
  table: 'table',
  tableRow: 'row',
  image: 'image',
}

/** The same structure as another, independent parser of the specification sees it. */
function oracle(text: string): string[] {
  const parser = parse({ extensions: [gfmTable()] })
  const events: Event[] = postprocess(parser.document().write(preprocess()(text, undefined, true)))
  const seen: string[] = []
  let headingEnd = 0
  for (const [action, token] of events) {
    if (action !== 'enter') continue
    // A setext heading begins after the definitions that the specification takes out of it.
    if (token.type === 'setextHeading') headingEnd = token.end.offset
    if (token.type === 'setextHeadingText') seen.push(shown(text, 'heading', token.start.offset, headingEnd))
    const kind = KINDS[token.type]
    if (kind === undefined) continue
    seen.push(shown(text, kind, token.start.offset, token.end.offset))
  }
  return seen
}

/** Without blanks around it and `>` of blank quoted lines below it: whether those belong to a block is a matter of taste. */
function shown(text: string, kind: string, start: number, end: number): string {
  const slice = text.slice(start, end)
  const lead = slice.length - slice.trimStart().length
  return `${kind} ${start + lead}-${start + slice.replace(/[\s>]+$/, '').length}`
}

function ours(text: string): string[] {
  return marksOf(text).map((mark) => shown(text, mark.kind, mark.start, mark.end))
}

const LINE_AT_END = new Set(['paragraph', 'heading'])

const NODES: { readonly [type: string]: Mark['kind'] } = {
  heading: 'heading',
  paragraph: 'paragraph',
  list: 'list',
  block_quote: 'quote',
  code_block: 'code',
  image: 'image',
}

/** Kind, line, and text of headings and images: the last line where definitions may come first. As the reference implementation sees them. */
function referenceOutline(text: string): string[] {
  const walker = new Parser().parse(text).walker()
  const seen: string[] = []
  for (let step = walker.next(); step !== null; step = walker.next()) {
    const { node } = step
    const kind = NODES[node.type]
    if (!step.entering || kind === undefined) continue
    // It keeps an empty paragraph where definitions stood above a rule.
    if (kind === 'paragraph' && node.firstChild === null) continue
    if (kind === 'image') seen.push(`image ${textOf(node)}`)
    else
      seen.push(
        `${kind} ${node.sourcepos[LINE_AT_END.has(kind) ? 1 : 0][0]}${kind === 'heading' ? ` ${node.level} ${textOf(node)}` : ''}`,
      )
  }
  return seen
}

function textOf(node: Node): string {
  const walker = node.walker()
  let text = ''
  for (let step = walker.next(); step !== null; step = walker.next()) {
    if (!step.entering) continue
    if (step.node.type === 'softbreak' || step.node.type === 'linebreak') text += ' '
    else if (step.node.type !== 'html_inline') text += step.node.literal ?? ''
  }
  return text.replace(/\s+/g, ' ').trim()
}

function outline(text: string, ending: string): string[] {
  return marksOf(text).map(({ kind, start, end, level, label = '' }) => {
    if (kind === 'image') return `image ${label}`
    const line = text.slice(0, LINE_AT_END.has(kind) ? end : start).split(ending).length
    return `${kind} ${line}${kind === 'heading' ? ` ${level} ${label}` : ''}`
  })
}

/** Lines that look like block starts, alone and nested, so that random sequences of them meet every rule. */
const LINES = [
  ...[
    '',
    '',
    ' ',
    'text',
    'more *text*',
    '    code',
    '\tcode',
    '# One',
    '## Two ##',
    '#none',
    '===',
    '---',
    '***',
  ],
  ...[
    '> quote',
    '>',
    '> > deep',
    '>     code',
    '- item',
    '-',
    '+ plus',
    '* star',
    '1. one',
    '2) two',
    '10. ten',
  ],
  ...[
    '  under',
    '   three',
    '      six',
    '- - nested',
    '- > quoted',
    '> - listed',
    '-     code',
    '  - sub',
    '    - subsub',
  ],
  ...['```', '```js', '~~~~', '  ```', '- ```', '> ```', '<div>', '</div>', '<!-- c', '-->'],
  ...[
    '[a]: /url',
    '[b]:',
    '/url "title"',
    "[c]: <u> 'x",
    "y'",
    '![a]',
    '![i](u "t") x',
    '![x][a] ![y](z',
    '`![q](r)`',
  ],
]

describe('BlockParser', () => {
  it.skipIf(!hasShared)('agrees with micromark on every example of the specification', () => {
    const examples = JSON.parse(readFileSync(examplesPath, 'utf8')) as { example: number; markdown: string }[]
    expect(examples.length).toBeGreaterThan(600)
    const differing = examples
      .filter(({ markdown }) => JSON.stringify(ours(markdown)) !== JSON.stringify(oracle(markdown)))
      .map(({ example, markdown }) => ({ example, markdown, ours: ours(markdown), oracle: oracle(markdown) }))
    expect(differing).toEqual([])
  })

  it('agrees with commonmark.js on random sequences of block starts', () => {
    const lines = fc.array(fc.constantFrom(...LINES), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(lines, fc.constantFrom('\n', '\r\n', '\r'), (list, ending) => {
        const text = list.join(ending)
        expect(outline(text, ending)).toEqual(referenceOutline(text))
      }),
      { numRuns: 5000, seed: 7 },
    )
  })
})
