import type { SealedDocument } from '@tesserae/core'
import type { StoreFile } from './store-file.js'
import { originalText, storedText } from './text.js'

type Seal = string | undefined

/** Documents read ahead, at most. */
const mostAhead = 128

function sealOf(value: unknown): Seal {
  return typeof value === 'string' ? originalText(value) : undefined
}

/** For readers, which take a file as it is: one of the first version has no seals yet. */
export function readSeals(file: StoreFile, documentIds: readonly string[]): readonly Seal[] {
  if (file.count('PRAGMA user_version') < 2) return documentIds.map(() => undefined)
  return documentIds.map((id) => {
    const row = file.first('SELECT seal FROM documents WHERE id = ?', [storedText(id)])
    return sealOf(row?.seal)
  })
}

/**
 * Reads seals, and those of the documents that came in next: a source mostly gives its documents in the order in which
 * it gave them before. How far ahead grows while that is so.
 */
export class SealsAhead {
  private readonly page = new Map<string, Seal>()
  private size = 0
  /** Of the page: how many were asked for. */
  private used = 0
  private ahead = 1

  read(file: StoreFile, documentIds: readonly string[]): readonly Seal[] {
    return documentIds.map((id) => {
      const stored = storedText(id)
      if (!this.page.has(stored)) this.turn(file, stored)
      const seal = this.page.get(stored)
      // Asked for once: the same one again is a sign of another order.
      if (this.page.delete(stored)) this.used += 1
      return seal
    })
  }

  /** To be told of every write: what was read may no longer be so. */
  forget(): void {
    this.page.clear()
    this.size = 0
  }

  private turn(file: StoreFile, id: string): void {
    if (this.size > 0) this.ahead = this.used * 2 > this.size ? Math.min(this.ahead * 2, mostAhead) : 1
    this.forget()
    this.used = 0
    const sql = `SELECT id, seal FROM documents WHERE number >= (SELECT number FROM documents WHERE id = ?)
      ORDER BY number LIMIT ?`
    for (const row of file.all(sql, [id, this.ahead])) this.page.set(String(row.id), sealOf(row.seal))
    this.size = this.page.size
  }
}

/** Seals those documents of which the file has exactly the chunks given. Inside a transaction. */
export function writeSeals(file: StoreFile, documents: readonly SealedDocument[]): void {
  for (const { documentId, seal, chunks } of documents) {
    const row = file.first('SELECT number FROM documents WHERE id = ?', [storedText(documentId)])
    if (row === undefined) continue
    const number = Number(row.number)
    const stored = file.all('SELECT id, revision FROM chunks WHERE document = ?', [number])
    if (stored.length !== chunks.length) continue
    const revisions = new Map(chunks.map(({ id, revision }) => [storedText(id), storedText(revision)]))
    if (stored.some(({ id, revision }) => revisions.get(String(id)) !== revision)) continue
    file.run('UPDATE documents SET seal = ? WHERE number = ?', [storedText(seal), number])
  }
}
