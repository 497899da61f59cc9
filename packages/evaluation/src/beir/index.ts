import { createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { type CallOptions, RagError } from '@tesserae/core'
import type { EvaluationDocument, EvaluationQuery, RetrievalDataset } from '../relevance.js'

export interface BeirOptions extends CallOptions {
  /** Name of the data set in reports. @default the folder's name */
  readonly name?: string | undefined
  /** File with the judgements. @default 'qrels.tsv' */
  readonly judgements?: string | undefined
  /** File with the queries. @default 'queries.jsonl' */
  readonly queries?: string | undefined
}

/**
 * Reads a folder in the BEIR layout (Thakur et al. 2021): `corpus.jsonl` or `corpus.jsonl.gz` with `_id`,
 * `title`, `text`; queries with `_id`, `text`; judgements as `query-id<TAB>corpus-id<TAB>score` under a header.
 *
 * @throws RagError `load-failed` when a file is missing, `corrupt-data` with file and line when one is malformed.
 */
export async function loadBeir(folder: string, options: BeirOptions = {}): Promise<RetrievalDataset> {
  const documents: EvaluationDocument[] = []
  for await (const { line, where } of lines(
    await firstFile(folder, ['corpus.jsonl', 'corpus.jsonl.gz']),
    options,
  )) {
    const row = parseRow(line, where)
    documents.push({ id: idOf(row, where), title: textOf(row, 'title'), text: textOf(row, 'text') })
  }
  const queries: EvaluationQuery[] = []
  for await (const { line, where } of lines(
    await firstFile(folder, [options.queries ?? 'queries.jsonl']),
    options,
  )) {
    const row = parseRow(line, where)
    queries.push({ id: idOf(row, where), text: textOf(row, 'text') })
  }
  const relevance = new Map<string, Map<string, number>>()
  let header = true
  for await (const { line, where } of lines(
    await firstFile(folder, [options.judgements ?? 'qrels.tsv']),
    options,
  )) {
    if (header) {
      header = false
      continue
    }
    const [queryId, documentId, score] = line.split('\t')
    const grade = Number(score)
    if (!queryId || !documentId || score === undefined || !Number.isFinite(grade)) {
      throw corrupt(where, 'must be query id, document id and a number, separated by tabs')
    }
    const judged = relevance.get(queryId) ?? new Map<string, number>()
    judged.set(documentId, grade)
    relevance.set(queryId, judged)
  }
  return { name: options.name ?? basename(folder), documents, queries, relevance }
}

async function firstFile(folder: string, names: readonly string[]): Promise<string> {
  for (const name of names) {
    const path = join(folder, name)
    const found = await access(path).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  throw new RagError(
    'load-failed',
    `The data set in ${folder} must have ${names.join(' or ')}; found none. Is it a BEIR folder?`,
    {
      details: { folder, file: names.join(' or ') },
    },
  )
}

async function* lines(path: string, { signal }: CallOptions) {
  const file = createReadStream(path)
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  file.on('error', (error) => input.destroy(error))
  let number = 0
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      signal?.throwIfAborted()
      number++
      if (line.trim() !== '') yield { line, where: `${path}:${number}` }
    }
  } finally {
    file.destroy()
  }
}

type Row = { readonly [key: string]: unknown }

function parseRow(line: string, where: string): Row {
  try {
    const row: unknown = JSON.parse(line)
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as Row
  } catch (cause) {
    throw corrupt(where, 'must be one JSON object a line', cause)
  }
  throw corrupt(where, 'must be one JSON object a line')
}

function idOf(row: Row, where: string): string {
  const id = row._id
  if (typeof id !== 'string' || id === '') throw corrupt(where, 'must have a non-empty string `_id`')
  return id
}

function textOf(row: Row, field: string): string {
  const value = row[field]
  return typeof value === 'string' ? value : ''
}

function corrupt(where: string, rule: string, cause?: unknown): RagError {
  return new RagError('corrupt-data', `${where} ${rule}.`, { details: { where }, cause })
}
