import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RetrievalDataset } from '@tesserae/evaluation'
import { directory } from '@tesserae/loaders'
import { pdfFormat } from '@tesserae/loaders/pdf'

interface Question {
  readonly id: string
  readonly question: string
  readonly source_docs: readonly string[]
  readonly all_present: boolean
}

/**
 * Questions over quarterly reports in PDF (SEC 10-Q). A document is a whole report of some fifty pages; those that a
 * question's answer was written from are relevant, and questions with a report that is not there are left out.
 */
export async function loadFilings(folder: string): Promise<RetrievalDataset> {
  const documents: { id: string; title: string; text: string }[] = []
  for await (const item of directory(join(folder, 'docs'), { formats: [pdfFormat()] }).load()) {
    if (item.type !== 'document') throw item.error
    documents.push({ id: item.document.id, title: '', text: item.document.text })
  }
  const questions = readFileSync(join(folder, 'questions.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Question)
    .filter((question) => question.all_present)
  const idOf = (file: string) => {
    const found = documents.find(({ id }) => id.endsWith(file))
    if (found === undefined) throw new Error(`There is no report ${file}.`)
    return found.id
  }
  return {
    name: 'sec-10-q',
    documents,
    queries: questions.map(({ id, question }) => ({ id, text: question })),
    relevance: new Map(
      questions.map(({ id, source_docs }) => [id, new Map(source_docs.map((file) => [idOf(file), 1]))]),
    ),
  }
}
