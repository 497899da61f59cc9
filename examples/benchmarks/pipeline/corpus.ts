import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Loaded, sentenceSpans } from '@tesserae/core'
import { seededRandom } from '@tesserae/core/testing'
import { loadBeir } from '@tesserae/evaluation/beir'

/** What people wrote, and what people asked. */
export interface RealTexts {
  readonly sentences: readonly string[]
  readonly questions: readonly string[]
}

const folders = ['scifact', 'cranfield', 'xquad/en']
const sentencesPerPassage = 5

/** Sentences and questions of the judged sets in English that are there; undefined without any. */
export async function realTexts(shared: string): Promise<RealTexts | undefined> {
  const sentences: string[] = []
  const questions: string[] = []
  for (const folder of folders) {
    const path = join(shared, 'data', 'retrieval', folder)
    if (!existsSync(path)) continue
    const { documents, queries } = await loadBeir(path)
    for (const { text } of documents)
      for (const { start, end } of sentenceSpans(text)) sentences.push(text.slice(start, end).trim())
    for (const { text } of queries) questions.push(text)
  }
  return questions.length === 0 ? undefined : { sentences, questions }
}

/**
 * As many passages as wanted, each of five sentences drawn at random: real words as frequent as they are, no two passages
 * alike, and answers scattered over many of them.
 */
export function* passages({ sentences }: RealTexts, count: number): Generator<Loaded> {
  const random = seededRandom(1)
  for (let number = 0; number < count; number++) {
    const parts = Array.from(
      { length: sentencesPerPassage },
      () => sentences[Math.floor(random() * sentences.length)]!,
    )
    yield {
      type: 'document',
      document: { id: `passage-${number}`, text: parts.join(' '), marks: [], metadata: {} },
    }
  }
}
