import { isRagError, RagError, type RagErrorCode } from '@tesserae/core'

/** Why SQLite refused, as `details.reason` of the error. */
export type SqliteFailureReason =
  | 'disk-full'
  | 'read-only'
  | 'locked'
  | 'no-access'
  | 'damaged'
  | 'input-output'
  | 'other'

interface Kind {
  readonly reason: SqliteFailureReason
  readonly code: RagErrorCode
  readonly remedy: string
}

const other: Kind = { reason: 'other', code: 'store-failed', remedy: 'Nothing of this call was written.' }

/** By SQLite's primary result code (sqlite.org/rescode.html). */
const kinds: { readonly [name: string]: Kind & { readonly number: number } } = {
  SQLITE_BUSY: {
    number: 5,
    reason: 'locked',
    code: 'store-failed',
    remedy: 'Another connection holds the file. Nothing of this call was written; try again.',
  },
  SQLITE_LOCKED: {
    number: 6,
    reason: 'locked',
    code: 'store-failed',
    remedy: 'Another connection holds a table. Nothing of this call was written; try again.',
  },
  SQLITE_READONLY: {
    number: 8,
    reason: 'read-only',
    code: 'store-failed',
    remedy: 'Nothing was written. Make the file and its folder writable.',
  },
  SQLITE_IOERR: {
    number: 10,
    reason: 'input-output',
    code: 'store-failed',
    remedy: 'Nothing of this call was written. Look at the disk, then try again.',
  },
  SQLITE_CORRUPT: {
    number: 11,
    reason: 'damaged',
    code: 'corrupt-data',
    remedy: 'The file is damaged. Take an intact copy, or ingest into a new file.',
  },
  SQLITE_FULL: {
    number: 13,
    reason: 'disk-full',
    code: 'store-failed',
    remedy: 'Nothing of this call was written. Make room on the disk, then try again.',
  },
  SQLITE_CANTOPEN: {
    number: 14,
    reason: 'no-access',
    code: 'store-failed',
    remedy: 'Make sure that its folder exists and can be written to.',
  },
  SQLITE_NOTADB: {
    number: 26,
    reason: 'damaged',
    code: 'corrupt-data',
    remedy: 'The file is no SQLite database. Choose another path.',
  },
}

/** What a driver threw, as an error that says what to do. Errors of this library stay what they are. */
export function sqliteFailure(error: unknown, path: string): unknown {
  if (isRagError(error)) return error
  const { reason, code, remedy } = kindOf(error)
  const message = error instanceof Error ? error.message : String(error)
  return new RagError(code, `The store at "${path}" failed: ${message}. ${remedy}`, {
    details: { path, reason },
    cause: error,
  })
}

function kindOf(error: unknown): Kind {
  if (typeof error !== 'object' || error === null) return other
  if ('errcode' in error && typeof error.errcode === 'number') {
    const primary = error.errcode & 0xff
    return Object.values(kinds).find(({ number }) => number === primary) ?? other
  }
  if ('code' in error && typeof error.code === 'string') {
    const { code } = error
    const name = Object.keys(kinds).find((known) => code === known || code.startsWith(`${known}_`))
    if (name !== undefined) return kinds[name]!
  }
  // libsql has no code for a file it cannot open.
  if (error instanceof Error && /unable to open/i.test(error.message)) return kinds.SQLITE_CANTOPEN!
  return other
}
