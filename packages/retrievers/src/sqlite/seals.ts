import type { SealedDocument } from '@tesserae/core'
import type { StoreFile } from './store-file.js'
import { originalText, storedText } from './text.js'

export function readSeals(file: StoreFile, documentIds: readonly string[]): readonly (string | undefined)[] {
  return documentIds.map((id) => {
    const [row] = file.all('SELECT seal FROM documents WHERE id = ?', [storedText(id)])
    return typeof row?.seal === 'string' ? originalText(row.seal) : undefined
  })
}

/** Seals those documents of which the file has exactly the chunks given. Inside a transaction. */
export function writeSeals(file: StoreFile, documents: readonly SealedDocument[]): void {
  for (const { documentId, seal, chunks } of documents) {
    const [row] = file.all('SELECT number FROM documents WHERE id = ?', [storedText(documentId)])
    if (row === undefined) continue
    const number = Number(row.number)
    const stored = file.all('SELECT id, revision FROM chunks WHERE document = ?', [number])
    if (stored.length !== chunks.length) continue
    const revisions = new Map(chunks.map(({ id, revision }) => [storedText(id), storedText(revision)]))
    if (stored.some(({ id, revision }) => revisions.get(String(id)) !== revision)) continue
    file.run('UPDATE documents SET seal = ? WHERE number = ?', [storedText(seal), number])
  }
}
