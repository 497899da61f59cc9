import type { Document, Loaded } from '@tesserae/core'
import { seededRandom } from '@tesserae/core/testing'

/** One chunk each, by a chunker with room for one and not for two. */
const paragraphs = 20
const wordsPerParagraph = 110
const vocabularySize = 20_000

/** Made-up words, the frequent ones first and short. */
const vocabulary = Array.from({ length: vocabularySize }, (_, i) => {
  let word = ''
  for (let rest = i + 26; rest > 0; rest = Math.floor(rest / 26))
    word += String.fromCharCode(97 + (rest % 26))
  return `${word}${'aeiou'[i % 5]}n`
})

/** A document by number; the same in every process. With `edition` 1, its first paragraph is another. */
export function documentOf(number: number, edition: number): Document {
  const parts = Array.from({ length: paragraphs }, (_, i) =>
    paragraph(seededRandom(number * paragraphs + i + (i === 0 ? edition * 1_000_000_007 : 0))),
  )
  return {
    id: `document-${number}`,
    text: parts.join('\n\n'),
    marks: [],
    metadata: { tenant: `t${number % 7}`, year: 2000 + (number % 25) },
    uri: `file:///folder/document-${number}.txt`,
  }
}

function paragraph(random: () => number): string {
  const words: string[] = []
  for (let i = 0; i < wordsPerParagraph; i++) {
    // A product of three is small more often than large, as frequent words are.
    words.push(vocabulary[Math.floor(random() * random() * random() * vocabularySize)]!)
  }
  return `${words.join(' ')}.`
}

/** Documents for this many chunks, made as they are asked for. Of those that `isEdited` names, the second edition. */
export function* source(
  chunks: number,
  isEdited: (number: number) => boolean = () => false,
): Generator<Loaded> {
  for (let number = 0; number < chunks / paragraphs; number++) {
    yield { type: 'document', document: documentOf(number, isEdited(number) ? 1 : 0) }
  }
}

/** Every hundredth document. */
export const isInOnePercent = (number: number) => number % 100 === 7
