import { bench, describe } from 'vitest'
import type { ChunkSpan } from './chunk.js'
import type { Document, Edit } from './document.js'
import { applyEdits } from './edits.js'
import { compileFilter } from './filter/matches.js'
import { lineIndex } from './line-index.js'
import { pieceTokenizer } from './piece-tokenizer.js'
import { sha256 } from './sha256.js'
import { toChunks } from './to-chunks.js'
import { tokenRuler } from './token-ruler.js'

const text = 'The quick brown fox jumps over 12 dogs.\n'.repeat(25_000)
const document: Document = { id: 'bench', text, marks: [], metadata: {} }
const spans: ChunkSpan[] = []
for (let start = 0; start < text.length; start += 1000) spans.push({ start, end: start + 1000 })
const edits: Edit[] = []
for (let start = 3; start < text.length; start += 40)
  edits.push({ start, end: start + 1, replacement: '  ', reason: 'bench' })
const edited = applyEdits(document, edits)
const ruler = tokenRuler(pieceTokenizer(), text)

describe('1 MB of text', () => {
  bench('sha256', () => {
    sha256(text)
  })
  bench('toChunks, 1,000 chunks', () => {
    toChunks(document, spans)
  })
  bench('applyEdits, 25,000 edits', () => {
    applyEdits(document, edits)
  })
  bench('applyEdits again, maps composed', () => {
    applyEdits(edited, edits)
  })
  bench('lineIndex', () => {
    lineIndex(text)
  })
  bench('pieceTokenizer', () => {
    pieceTokenizer().ends(text)
  })
  bench('tokenRuler, 10,000 counts', () => {
    for (let start = 0; start < 1_000_000; start += 100) ruler.count(start, start + 700)
  })
})

describe('100,000 rows of metadata', () => {
  const rows = Array.from({ length: 100_000 }, (_, id) => ({
    lang: id % 3 === 0 ? 'fr' : 'en',
    year: 1990 + (id % 30),
    tags: ['a', 'x'],
    id,
  }))
  const predicate = compileFilter({
    op: 'and',
    filters: [
      { op: 'eq', field: 'lang', value: 'en' },
      { op: 'gt', field: 'year', value: 2000 },
      { op: 'notIn', field: 'id', values: Array.from({ length: 100 }, (_, value) => value) },
      { op: 'has', field: 'tags', value: 'x' },
    ],
  })
  bench('compileFilter', () => {
    for (const row of rows) predicate(row)
  })
})
