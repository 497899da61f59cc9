import type { Document } from '@tesserae/core'
import type { SourceSpan } from '@tesserae/evaluation'

export interface Question {
  readonly id: string
  readonly text: string
  /** The passages that answer it, in UTF-16 code units of the documents. At least one, none empty. */
  readonly references: readonly SourceSpan[]
}

/** Documents, and questions whose answers are spans of them. */
export interface ChunkCorpus {
  readonly name: string
  readonly documents: readonly Document[]
  readonly questions: readonly Question[]
}

/** Every n-th question, so that about `most` are left: the same ones in every run. */
export function sampleQuestions(corpus: ChunkCorpus, most: number): ChunkCorpus {
  const step = Math.ceil(corpus.questions.length / most)
  return step <= 1
    ? corpus
    : { ...corpus, questions: corpus.questions.filter((_, place) => place % step === 0) }
}
