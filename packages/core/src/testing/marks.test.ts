import { describe, expect, it } from 'vitest'
import { checkMarkFields, checkMarks } from './laws/document-rules.js'
import { markedDocument, markText } from './marks.js'
import { generateTexts } from './texts/generate.js'

describe('markText', () => {
  it('marks headings, fences and paragraphs of Markdown', () => {
    const text = '# One\r\n\r\nFirst line\nsecond line\n\n```ts\n# no heading\n```\n### Deep  \nrest'
    const told = markText(text).map((mark) => [
      mark.kind,
      mark.level,
      mark.label,
      text.slice(mark.start, mark.end),
    ])
    expect(told).toEqual([
      ['heading', 1, 'One', '# One'],
      ['paragraph', undefined, undefined, 'First line\nsecond line'],
      ['code', undefined, undefined, '```ts\n# no heading\n```'],
      ['heading', 3, 'Deep', '### Deep  '],
      ['paragraph', undefined, undefined, 'rest'],
    ])
  })

  it('closes a fence that never ends at the end of the text', () => {
    expect(markText('```\ncode')).toEqual([{ kind: 'code', start: 0, end: 8 }])
  })

  it('keeps the laws of marks on any text', () => {
    for (const text of [
      ...generateTexts({ count: 200 }),
      ...generateTexts({ count: 100, kind: 'markdown' }),
    ]) {
      const document = markedDocument('d', text)
      checkMarks(document)
      checkMarkFields(document)
    }
  })
})
