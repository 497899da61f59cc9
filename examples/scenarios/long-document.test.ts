// An auditor asks of a report that fits into no prompt: "When does the framework contract end?" Its pages do not agree.

import { recursiveChunker } from '@tesserae/chunkers'
import { mapReduce, pieceTokenizer, toChunks } from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { parseDocument, textFormat } from '@tesserae/loaders'
import { describe, expect, it } from 'vitest'

const filler = (page: number) =>
  Array.from(
    { length: 12 },
    (_, line) =>
      `Invoice ${page}-${line} was checked against the order and the delivery note; it was in order.`,
  ).join('\n')
/** Pages as a scanner's text export has them, with a form feed between. */
const pages = Array.from({ length: 9 }, (_, index) => filler(index + 1))
pages[1] += '\n\nThe framework contract ends on 30 June 2027.'
pages[4] += '\n\nAs agreed in the framework contract, it ends on 30 June 2027.'
pages[7] += '\n\nThe annex to the framework contract moves its end to 31 December 2027.'
const text = pages.join('\n\f')
const question = 'When does the framework contract end?'
const maxTokens = 400

describe('a report of many pages, read page by page and put together', () => {
  const prepare = async () => {
    const bytes = new TextEncoder().encode(text)
    const report = await parseDocument({ bytes, uri: 'audit-2026.txt' }, { format: textFormat() })
    // A page ends where its form feed is; what is longer than the cap is divided further.
    const chunker = recursiveChunker({ maxTokens, separators: [{ after: '\f' }, 'paragraph', 'line'] })
    return { report, chunks: toChunks(report, await chunker.split(report)) }
  }
  /** Stands for a small model that reads one chunk: the sentence on the end, or nothing. */
  const reader = (found: { readonly page: string; readonly content: string }[] = []) =>
    fakeLanguageModel(({ messages }) => {
      const { content } = messages[0]!
      const [, page = ''] = /page (\d+)/.exec(content) ?? []
      if (content.match(/<passage>/g)!.length > 1) return joined(content)
      found.push({ page, content })
      return /[^.\n]*framework contract[^.]*2027\./.exec(content.split('</passage>')[0]!)?.[0] ?? 'NONE'
    })
  /** What a model that keeps to the instructions makes of the answers: both sides, by their numbers. */
  const joined = (content: string) => {
    const numbers = [...content.matchAll(/\[(\d+)\] .*?(30 June|31 December)/g)]
    const of = (date: string) =>
      numbers.flatMap(([, number, said]) => (said === date ? [number] : [])).join(', ')
    return `On 30 June 2027 [${of('30 June')}]; passage [${of('31 December')}] contradicts this: 31 December 2027.`
  }

  it('is cut into chunks that know their page and stay under the limit', async () => {
    const { report, chunks } = await prepare()
    expect([...new Set(chunks.map(({ page }) => page))]).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
    ])
    for (const { start, end, page, text: own } of chunks) {
      expect(own).toBe(report.text.slice(start, end))
      expect(own).not.toContain('\f')
      expect(own.match(/Invoice \d/g)!.every((invoice) => invoice === `Invoice ${page}`)).toBe(true)
      expect(pieceTokenizer().ends(own).length).toBeLessThanOrEqual(maxTokens)
    }
  })

  it('is asked chunk by chunk, and the answer keeps both sides of what does not agree', async () => {
    const { chunks } = await prepare()
    const read: { readonly page: string; readonly content: string }[] = []
    const model = reader(read)
    const result = await mapReduce(chunks, { model, instruction: question, maxRequestTokens: 700 })
    expect(read.map(({ page }) => page).sort()).toEqual(chunks.map(({ page }) => page).sort())
    expect(result.parts.map(({ number }) => chunks[number - 1]!.page)).toEqual(['2', '5', '8'])
    const [second, fifth, eighth] = result.parts.map(({ number }) => number)
    expect(result.text).toBe(
      `On 30 June 2027 [${second}, ${fifth}]; passage [${eighth}] contradicts this: 31 December 2027.`,
    )
    expect([result.failures, result.calls]).toEqual([[], chunks.length + 1])
    const { system } = model.calls.at(-1)!
    expect(system).toContain('Where answers contradict each other, keep both')
  })

  it('lists a page that could not be read, and goes on with the others', async () => {
    const { chunks } = await prepare()
    const careful = reader()
    const model = fakeLanguageModel(async (request) => {
      if (request.messages[0]!.content.includes('Invoice 5-')) throw new Error('overloaded')
      return careful.generate(request)
    })
    const {
      parts,
      failures,
      text: answer,
    } = await mapReduce(chunks, { model, instruction: question, retry: false })
    expect(failures.map(({ stage, chunkIds }) => [stage, chunkIds.length])).toEqual(
      chunks.filter(({ page }) => page === '5').map(() => ['map', 1]),
    )
    expect(parts.map(({ number }) => chunks[number - 1]!.page)).toEqual(['2', '8'])
    expect(answer).toContain('contradicts')
  })
})
