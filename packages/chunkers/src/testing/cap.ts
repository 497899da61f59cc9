import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chunker, Document } from '@tesserae/core'
import { embeddingText, toChunks } from '@tesserae/core'
import { generateTexts } from '@tesserae/core/testing'

const sources = join(import.meta.dirname, '..')
const installed = join(sources, '../node_modules')
/** The folder of test data beside the repository; tests use what is there of it. */
export const shared = process.env.TESSERAE_SHARED ?? join(sources, '../../../../shared')

export function readAll(...paths: readonly string[]): string[] {
  return paths.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'))
}

/** Long enough for many chunks: generated texts are short. */
const generated = [...generateTexts({ seed: 5, count: 100 })].join('\n\n')
const runs = `${'deadbeef'.repeat(600)} ${'字数据库'.repeat(400)} ${'👨‍👩‍👧‍👦'.repeat(60)} ${'a\u0301'.repeat(300)}${' \n'.repeat(200)}end`

/** Real documents, generated ones, and runs without a place to cut. */
export const capTexts: readonly string[] = [
  ...readAll(
    join(installed, 'tiktoken/README.md'),
    join(installed, 'web-tree-sitter/README.md'),
    join(sources, '../README.md'),
    join(shared, 'data/docs/commonmark/spec.txt'),
    join(shared, 'data/hostile/blns/blns.txt'),
  ),
  generated,
  runs,
]

export const plainDocument = (id: string, text: string): Document => ({ id, text, marks: [], metadata: {} })

/**
 * What is wrong with the chunks of `documents`: those that, as they are embedded, have more tokens than they may
 * (a single code point is excused when it has no context), those whose text has more than the span tells, and text
 * that is in no chunk.
 */
export async function capFaults(
  chunker: Chunker,
  maxTokens: number,
  count: (text: string) => number,
  documents: readonly Document[],
): Promise<string[]> {
  const faults: string[] = []
  for (const document of documents) {
    const { text } = document
    const spans = await chunker.split(document)
    let covered = 0
    for (const [index, chunk] of toChunks(document, spans).entries()) {
      const embedded = embeddingText(chunk)
      const isAtom = [...chunk.text].length === 1 || chunk.text === '\r\n'
      const tokens = count(embedded)
      const told = spans[index]!.tokens!
      if (tokens > maxTokens && !(isAtom && chunk.context === undefined))
        faults.push(`${tokens}: ${embedded}`)
      if (count(chunk.text) > told) faults.push(`${count(chunk.text)} of ${told}: ${chunk.text}`)
      if (text.slice(covered, chunk.start).trim() !== '')
        faults.push(`lost: ${text.slice(covered, chunk.start)}`)
      covered = Math.max(covered, chunk.end)
    }
    if (text.slice(covered).trim() !== '') faults.push(`lost: ${text.slice(covered)}`)
  }
  return faults
}
