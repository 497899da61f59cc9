import type { Loaded } from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import { markdownFormat } from './markdown/index.js'
import { type TextInput, texts } from './texts.js'

async function loaded(inputs: Iterable<TextInput>, format = markdownFormat()): Promise<Loaded[]> {
  const items: Loaded[] = []
  for await (const item of texts(inputs, { format }).load()) items.push(item)
  return items
}

describe('texts', () => {
  it('loads strings, with structure where a format is given', async () => {
    const [first, second] = await loaded([
      { id: 'a', text: '# T\r\n\r\n日本', metadata: { tag: 'x' }, uri: 'https://a.b' },
      { id: 'b', text: ' ' },
    ])
    expect(first).toEqual({
      type: 'document',
      document: {
        id: 'a',
        text: '# T\r\n\r\n日本',
        uri: 'https://a.b',
        metadata: { title: 'T', tag: 'x' },
        marks: [
          { kind: 'heading', start: 0, end: 3, level: 1, label: 'T' },
          { kind: 'paragraph', start: 7, end: 9 },
        ],
      },
    })
    expect(second?.type).toBe('failure')
  })

  it('keeps lone surrogates', async () => {
    const [item] = await loaded([{ id: 'a', text: '# a\ud800b 😀' }])
    expect(item?.type === 'document' && item.document.text).toBe('# a\ud800b 😀')
  })

  it('refuses an id given twice and metadata that cannot be stored', async () => {
    await expect(
      loaded([
        { id: 'a', text: 'x' },
        { id: 'a', text: 'y' },
      ]),
    ).rejects.toThrow(/given twice/)
    const metadata = JSON.parse('{"a": {"b": 1}}')
    await expect(loaded([{ id: 'a', text: 'x', metadata }])).rejects.toThrow(/`metadata of a.a` must be/)
  })
})
