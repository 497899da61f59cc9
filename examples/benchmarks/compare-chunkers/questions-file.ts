import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Document } from '@tesserae/core'
import type { SourceSpan } from '@tesserae/evaluation'
import { directory } from '@tesserae/loaders'
import type { ChunkCorpus, Question } from './corpus.js'

/*
 * A folder of one's own: documents of any format the loaders know, and beside them `questions.jsonl` with one
 * question a line,
 *
 *   { "id": "1", "question": "Who pays?", "references": [{ "document": "lease.md", "start": 120, "end": 164 }] }
 *
 * `document` is a path relative to the folder; it may be left out when there is one document, or in a file
 * `<name>.questions.jsonl`, which asks about `<name>.md` (or another ending). `start` and `end` count UTF-16
 * code units of the loaded text. `content`, when given, must be the text there; with `content` alone, the text
 * must occur exactly once. The files of the Chroma report are read too: `start_index` and `end_index` instead
 * count Unicode code points.
 */

/** Reads such a folder. Throws with file and line when a question does not fit the documents. */
export async function loadFolder(folder: string): Promise<ChunkCorpus> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('questions.jsonl')).sort()
  if (files.length === 0) throw new Error(`${folder} has no questions.jsonl.`)
  const documents: Document[] = []
  const exclude = ['*questions.jsonl', '**/node_modules']
  for await (const item of directory(folder, { exclude }).load()) {
    if (item.type === 'failure') throw item.error
    documents.push(item.document)
  }
  const questions: Question[] = []
  for (const file of files) {
    const name = basename(file, 'questions.jsonl').replace(/\.$/, '')
    const implied = documents.filter(
      (document) => name === '' || document.id.replace(/\.[^.]*$/, '') === name,
    )
    questions.push(...(await readQuestions(join(folder, file), documents, implied)))
  }
  return { name: basename(folder), documents, questions }
}

/** Reads one file of questions. A reference that names no document is about the only one of `implied`. */
export async function readQuestions(
  path: string,
  documents: readonly Document[],
  implied: readonly Document[] = documents,
): Promise<Question[]> {
  const byId = new Map(documents.map((document) => [document.id, document]))
  const only = implied.length === 1 ? implied[0] : undefined
  const lines = (await readFile(path, 'utf8')).split('\n')
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [parseQuestion(JSON.parse(line), byId, only)]
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(`${basename(path)}, line ${index + 1}: ${reason}`)
    }
  })
}

function parseQuestion(
  row: unknown,
  documents: ReadonlyMap<string, Document>,
  only: Document | undefined,
): Question {
  const { id, question, references } = fieldsOf(row)
  if (typeof id !== 'string' || typeof question !== 'string')
    throw new Error('`id` and `question` must be texts.')
  if (!Array.isArray(references) || references.length === 0)
    throw new Error('`references` must be a list with at least one span.')
  return { id, text: question, references: references.map((one) => parseReference(one, documents, only)) }
}

function parseReference(
  row: unknown,
  documents: ReadonlyMap<string, Document>,
  only: Document | undefined,
): SourceSpan {
  const fields = fieldsOf(row)
  const document = typeof fields.document === 'string' ? documents.get(fields.document) : only
  if (document === undefined) {
    throw new Error(
      fields.document === undefined
        ? 'a reference must name its `document`, because there are several.'
        : `there is no document "${String(fields.document)}".`,
    )
  }
  const { content } = fields
  const { start, end } = place(fields, document.text)
  if (start < 0 || end > document.text.length || start >= end)
    throw new Error(`the span ${start} to ${end} is empty or outside "${document.id}".`)
  if (content !== undefined && document.text.slice(start, end) !== content)
    throw new Error(`\`content\` is not the text of "${document.id}" from ${start} to ${end}.`)
  return { documentId: document.id, start, end }
}

function place(fields: Fields, text: string): { start: number; end: number } {
  const { start, end, start_index: startIndex, end_index: endIndex, content } = fields
  if (Number.isInteger(start) && Number.isInteger(end)) return { start: Number(start), end: Number(end) }
  if (Number.isInteger(startIndex) && Number.isInteger(endIndex)) {
    return { start: codeUnits(text, Number(startIndex)), end: codeUnits(text, Number(endIndex)) }
  }
  if (typeof content !== 'string' || content === '') throw new Error('a reference needs `start` and `end`.')
  const found = text.indexOf(content)
  if (found < 0) throw new Error('`content` does not occur in the document.')
  if (text.indexOf(content, found + 1) >= 0)
    throw new Error('`content` occurs more than once: give `start` and `end`.')
  return { start: found, end: found + content.length }
}

/** The offset in UTF-16 code units of the code point with this number. */
export function codeUnits(text: string, codePoints: number): number {
  let offset = 0
  for (let i = 0; i < codePoints && offset < text.length; i++)
    offset += text.codePointAt(offset)! > 0xffff ? 2 : 1
  return offset
}

type Fields = { readonly [name: string]: unknown }

function fieldsOf(row: unknown): Fields {
  if (typeof row !== 'object' || row === null) throw new Error('must be a JSON object.')
  return { ...row }
}
