import { readFileSync } from 'node:fs'
import { parse, postprocess, preprocess } from 'micromark'
import { gfmTable } from 'micromark-extension-gfm-table'
import { describe, expect, it } from 'vitest'
import { hasSharedData, sharedData } from '../testing/shared.js'
import { markdownFormat } from './index.js'

async function parsed(text: string) {
  const result = await markdownFormat().parse({ bytes: new TextEncoder().encode(text), uri: 'a.md' })
  const shown = result.marks.map(({ kind, start, end, level, label }) =>
    [kind, level, label, result.text.slice(start, end)].filter((part) => part !== undefined).join(' · '),
  )
  return { ...result, shown }
}

describe('markdownFormat', () => {
  it('marks every kind of block on the file itself', async () => {
    const text = [
      '# The *Title* with `code` and [a link](http://x.y)',
      '',
      'A paragraph\r\nof two lines ![the alt](i.png).',
      '',
      '> quoted',
      '',
      '- one',
      '  - two',
      '',
      '```ts title="x"',
      'const a = 1',
      '```',
      '',
      '| a | b |',
      '|---|:-:|',
      '| 1 | 2 |',
      '',
      'Under',
      '=====',
    ].join('\n')
    const { shown, text: kept, metadata } = await parsed(text)
    expect(kept).toBe(text)
    expect(metadata).toEqual({ title: 'The Title with code and a link' })
    expect(shown).toEqual([
      'heading · 1 · The Title with code and a link · # The *Title* with `code` and [a link](http://x.y)',
      'paragraph · A paragraph\r\nof two lines ![the alt](i.png).',
      'image · the alt · ![the alt](i.png)',
      'quote · > quoted',
      'paragraph · quoted',
      'list · - one\n  - two',
      'paragraph · one',
      'list · - two',
      'paragraph · two',
      'code · ts · ```ts title="x"\nconst a = 1\n```',
      'table · | a | b |\n|---|:-:|\n| 1 | 2 |',
      'row · | a | b |',
      'row · | 1 | 2 |',
      'heading · 1 · Under · Under\n=====',
    ])
  })

  it('resolves references that are defined further down', async () => {
    const { shown } = await parsed('## ![logo][L] and [name]\n\n![x][none]\n\n[l]: a.png\n[name]: b')
    expect(shown).toEqual([
      'heading · 2 · logo and name · ## ![logo][L] and [name]',
      'image · logo · ![logo][L]',
      'paragraph · ![x][none]',
    ])
  })

  it('turns front matter into flat metadata and leaves it in the text', async () => {
    const text =
      '---\ntitle: From YAML\ntags: [a, b]\nyear: 2016\nauthor: {name: Ann}\nmixed: [1, x]\nnone: null\n---\n# Heading\n'
    const result = await parsed(text)
    expect(result.text).toBe(text)
    expect(result.shown).toEqual(['heading · 1 · Heading · # Heading'])
    expect(result.metadata).toEqual({
      title: 'From YAML',
      tags: ['a', 'b'],
      year: 2016,
      'author.name': 'Ann',
      mixed: ['1', 'x'],
      none: null,
    })
    const off = markdownFormat({ frontMatter: false })
    const { metadata } = await off.parse({ bytes: new TextEncoder().encode(text), uri: 'a.md' })
    expect(metadata).toEqual({ title: 'Heading' })
  })

  it('reads on where front matter is broken, open or hostile', async () => {
    expect((await parsed('---\na: [1\n---\n# T')).metadata).toEqual({ title: 'T' })
    expect((await parsed('---\n\n# T')).metadata).toEqual({ title: 'T' })
    const bomb =
      '---\na: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: &d [*c,*c]\ne: [*d,*d,*d,*d,*d,*d]\n---\n# T'
    expect((await parsed(bomb)).metadata?.title).toBe('T')
    expect((await parsed('---\n__proto__: {x: 1}\n---\n# T')).metadata?.x).toBeUndefined()
  })

  it('keeps labels plain', async () => {
    const label = async (heading: string) => (await parsed(heading)).marks[0]?.label
    expect(await label('# a\\*b &amp; &#228; <b>c</b> <http://d.e> #')).toBe('a*b & ä c http://d.e')
    expect(await label('# ***bold** it* snake_case_name **open')).toBe('bold it snake_case_name **open')
    expect(await label('# ``a ` b`` ![pic](u "t")')).toBe('a ` b pic')
  })

  it('stays linear on input that makes parsers hang', async () => {
    const size = 200_000
    const cases = {
      quotes: '>'.repeat(size),
      lists: '- '.repeat(size),
      'blank lines below deep lists': `${'- '.repeat(1000)}a${'\n'.repeat(size)}`,
      brackets: `# ${'['.repeat(size)}`,
      images: `# ${'!['.repeat(size)}`,
      emphasis: `# ${'*a _b'.repeat(size / 4)}`,
      links: `![x] ${'[a](<b'.repeat(size / 4)}`,
      tags: `# ${'<a b="'.repeat(size / 4)}`,
      definitions: Array.from({ length: size / 10 }, (_, at) => `[a${at}]: u`).join('\n'),
      rows: `|a|b|\n|-|-|\n${'|1|2|\n'.repeat(size / 10)}`,
    }
    for (const [name, text] of Object.entries(cases)) {
      const { marks } = await parsed(text)
      // Any of these takes quadratic or cubic parsers minutes; the limit of the test is the limit on them.
      expect(marks.length, name).toBeLessThan(size)
    }
  }, 60_000)

  it('agrees with micromark on tables', async () => {
    const tables = [
      '| a |\n| - |\n| 1 |\n',
      'a | b\n- | -\n1 | 2\nplain\n\nafter',
      '| a | b |\n|---|\n| 1 | 2 |',
      '|a\\|b|\n|---|\n|`c\\|d`|\n> quote',
      'text\n| a | b |\n| - | - |\n| 1 | 2 |\n# h',
      '> | a | b |\n> |---|---|\n> | 1 | 2 |\n',
      '- | a | b |\n  |---|---|\n  | 1 | 2 |\n',
      '| a | b |\n| :-: | -: |\n| 1 |\n| 1 | 2 | 3 |\n- list',
      '| a | b |\n| - - | - |\n',
    ]
    for (const text of tables) {
      const parser = parse({ extensions: [gfmTable()] })
      const events = postprocess(parser.document().write(preprocess()(text, undefined, true)))
      const expected = events.filter(([action, { type }]) => action === 'enter' && /^table(Row)?$/.test(type))
      const { marks } = await parsed(text)
      const found = marks.filter(({ kind }) => kind === 'table' || kind === 'row')
      expect(found.length, text).toBe(expected.length)
    }
  })

  it('ends with the reason of the signal', async () => {
    const controller = new AbortController()
    const bytes = new TextEncoder().encode('- a\n'.repeat(1_000_000))
    const result = markdownFormat().parse({ bytes, uri: 'a.md' }, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(result).rejects.toThrow('enough')
  })

  it.skipIf(!hasSharedData)('finds the headings of the specification', async () => {
    const bytes = readFileSync(`${sharedData}/docs/commonmark/spec.txt`)
    const { marks, metadata } = await markdownFormat().parse({ bytes, uri: 'spec.txt' })
    expect(metadata?.title).toBe('CommonMark Spec')
    const headings = marks.filter(({ kind }) => kind === 'heading').map(({ label }) => label)
    expect(headings).toContain('Container blocks and leaf blocks')
    expect(marks.filter(({ kind, label }) => kind === 'code' && label === 'example').length).toBeGreaterThan(
      600,
    )
  })
})
