import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Document, Mark } from '@tesserae/core'
import type { SourceSpan } from '@tesserae/evaluation'
import type { ChunkCorpus, Question } from './corpus.js'
import { codeUnits, readQuestions } from './questions-file.js'

/** A corpus that may not be there. */
export interface CorpusSource {
  readonly name: string
  readonly path: string
  load(): Promise<ChunkCorpus>
}

export const publishedCorpora = ['state_of_the_union', 'wikitexts']

/**
 * The corpora of the Chroma report, and two made of judged sets with the answer's sentence as reference. Small:
 * of SciFact only the test split.
 */
export function corpusSources(shared: string, size: 'full' | 'small' = 'full'): readonly CorpusSource[] {
  const data = join(shared, 'data')
  const chroma = join(data, 'chunking', 'chroma')
  const scifact = join(data, 'retrieval', 'scifact')
  const xquad = join(data, 'retrieval', 'xquad', 'en')
  return [
    ...publishedCorpora.map((name) => ({
      name,
      path: join(chroma, `${name}.md`),
      load: () => loadChroma(chroma, name),
    })),
    { name: 'xquad', path: xquad, load: () => loadXQuAD(xquad) },
    size === 'full'
      ? { name: 'scifact', path: scifact, load: () => loadSciFact(scifact, 'scifact') }
      : { name: 'scifact-test', path: scifact, load: () => loadSciFact(scifact, 'scifact-test', 'test') },
  ].filter(({ path }) => existsSync(path))
}

async function loadChroma(folder: string, name: string): Promise<ChunkCorpus> {
  const text = await readFile(join(folder, `${name}.md`), 'utf8')
  const documents: Document[] = [{ id: name, text, marks: [], metadata: {} }]
  return {
    name,
    documents,
    questions: await readQuestions(join(folder, `${name}.questions.jsonl`), documents),
  }
}

/** Puts parts under their titles into one document and tells where each lies. */
class DocumentWriter {
  readonly id: string
  readonly #marks: Mark[] = []
  #text = ''

  constructor(id: string) {
    this.id = id
  }

  heading(label: string, level: number): void {
    const start = this.#begin()
    this.#text += label
    this.#marks.push({ kind: 'heading', level, label, start, end: this.#text.length })
  }

  /** Returns where the paragraph starts. */
  paragraph(text: string): number {
    const start = this.#begin()
    this.#text += text
    this.#marks.push({ kind: 'paragraph', start, end: this.#text.length })
    return start
  }

  document(): Document {
    return { id: this.id, text: this.#text, marks: this.#marks, metadata: {} }
  }

  #begin(): number {
    if (this.#text !== '') this.#text += '\n\n'
    return this.#text.length
  }
}

const abstractsPerDocument = 20

/**
 * SciFact (Wadden et al. 2020): all abstracts with evidence, twenty to a document in order of their ids, each
 * under its title. The claims are the questions, the rationale sentences of all annotators the references.
 */
async function loadSciFact(folder: string, name: string, split?: string): Promise<ChunkCorpus> {
  const evidence = rows(await readFile(join(folder, 'evidence.jsonl'), 'utf8')).filter(
    (row) => split === undefined || row.split === split,
  )
  const titles = new Map<string, string>()
  for (const row of rows(await unzipped(join(folder, 'corpus.jsonl.gz'))))
    titles.set(String(row._id), String(row.title))
  const sentences = new Map<string, readonly string[]>()
  for (const row of rows(await unzipped(join(folder, 'corpus.sentences.jsonl.gz'))))
    sentences.set(String(row._id), (row.sentences as unknown[]).map(String))
  const ids = [...new Set(evidence.map((row) => String(row['corpus-id'])))]
    .filter((id) => sentences.has(id))
    .sort((a, b) => Number(a) - Number(b))
  const documents: Document[] = []
  const places = new Map<string, readonly SourceSpan[]>()
  for (let first = 0; first < ids.length; first += abstractsPerDocument) {
    const writer = new DocumentWriter(`abstracts-${first / abstractsPerDocument}`)
    for (const id of ids.slice(first, first + abstractsPerDocument)) {
      writer.heading(titles.get(id) ?? id, 1)
      const parts = sentences.get(id)!
      let start = writer.paragraph(parts.join(' '))
      const spans: SourceSpan[] = []
      for (const part of parts) {
        spans.push({ documentId: writer.id, start, end: start + part.length })
        start += part.length + 1
      }
      places.set(id, spans)
    }
    documents.push(writer.document())
  }
  const claims = new Map<string, string>()
  for (const file of ['queries.jsonl', 'queries.train.jsonl'])
    for (const row of rows(await readFile(join(folder, file), 'utf8')))
      claims.set(String(row._id), String(row.text))
  const references = new Map<string, Map<string, SourceSpan>>()
  for (const row of evidence) {
    const spans = places.get(String(row['corpus-id']))
    if (spans === undefined) continue
    const claim = `${row.split} ${row['query-id']}`
    const found = references.get(claim) ?? new Map<string, SourceSpan>()
    for (const index of row.sentences as number[]) {
      const span = spans[index]
      if (span !== undefined && span.start < span.end) found.set(`${row['corpus-id']}.${index}`, span)
    }
    references.set(claim, found)
  }
  const questions: Question[] = []
  for (const [claim, spans] of references) {
    const text = claims.get(claim.slice(claim.indexOf(' ') + 1))
    if (text !== undefined && spans.size > 0)
      questions.push({ id: claim, text, references: [...spans.values()] })
  }
  return { name, documents, questions }
}

/**
 * XQuAD in English (Artetxe et al. 2020): the paragraphs of one article are one document. The reference is the
 * sentence or sentences, by Intl.Segmenter, in which the answer lies.
 */
async function loadXQuAD(folder: string): Promise<ChunkCorpus> {
  const writers = new Map<string, DocumentWriter>()
  const places = new Map<string, { readonly id: string; readonly start: number; readonly text: string }>()
  for (const row of rows(await unzipped(join(folder, 'corpus.jsonl.gz')))) {
    const id = String(row._id)
    const article = id.slice(0, id.indexOf('-'))
    let writer = writers.get(article)
    if (writer === undefined) {
      writer = new DocumentWriter(`article-${article}`)
      writer.heading(String(row.title).replaceAll('_', ' '), 1)
      writers.set(article, writer)
    }
    const text = String(row.text)
    places.set(id, { id: writer.id, start: writer.paragraph(text), text })
  }
  const queries = new Map<string, string>()
  for (const row of rows(await readFile(join(folder, 'queries.jsonl'), 'utf8')))
    queries.set(String(row._id), String(row.text))
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
  const questions: Question[] = []
  for (const row of rows(await readFile(join(folder, 'answers.jsonl'), 'utf8'))) {
    const id = String(row['query-id'])
    const place = places.get(String(row['corpus-id']))
    const question = queries.get(id)
    if (place === undefined || question === undefined) continue
    const from = codeUnits(place.text, Number(row.start))
    const to = from + String(row.text).length
    const references: SourceSpan[] = []
    for (const { index, segment } of segmenter.segment(place.text)) {
      const end = index + segment.trimEnd().length
      if (index < to && from < end)
        references.push({ documentId: place.id, start: place.start + index, end: place.start + end })
    }
    questions.push({ id, text: question, references })
  }
  return { name: 'xquad', documents: [...writers.values()].map((writer) => writer.document()), questions }
}

function rows(text: string): { readonly [name: string]: unknown }[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as { readonly [name: string]: unknown })
}

async function unzipped(path: string): Promise<string> {
  return gunzipSync(await readFile(path)).toString('utf8')
}
