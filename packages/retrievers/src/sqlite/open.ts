import { existsSync, realpathSync } from 'node:fs'
import { RagError } from '@tesserae/core'
import type { SqliteConnection, SqliteDriver } from './driver.js'
import { sqliteFailure } from './failure.js'
import { migrate, requireOurs, userVersion } from './schema.js'
import { StoreFile } from './store-file.js'
import { lockWriter, signWriter } from './writer-lock.js'

export interface OpenFileOptions {
  readonly path: string
  readonly readOnly: boolean
  readonly busyTimeoutMs: number
  readonly durability: 'power-loss' | 'process'
}

export interface OpenedFile {
  readonly file: StoreFile
  /** Gives lock and file back. */
  readonly close: () => void
}

/** Bytes of a page: five vectors of 384 numbers. Only counts when the file is made. */
const pageBytes = 8192

/** Opens the file: a writer has the lock and the newest schema, a reader cannot write. */
export function openFile(driver: SqliteDriver, options: OpenFileOptions): OpenedFile {
  const { path, readOnly, busyTimeoutMs, durability } = options
  if (readOnly && !existsSync(path)) throw notYet(path)
  let connection: SqliteConnection | undefined
  let lock: { release(): void } | undefined
  try {
    connection = driver.open(path)
    connection.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    const file = new StoreFile(connection, path)
    if (readOnly) {
      requireOurs(connection, path)
      if (userVersion(connection) === 0) throw notYet(path)
      connection.exec('PRAGMA query_only = ON')
    } else {
      lock = lockWriter(driver, realpathSync(path), file)
      requireOurs(connection, path)
      connection.exec(`PRAGMA page_size = ${pageBytes}`)
      requireWal(file)
      connection.exec(`PRAGMA synchronous = ${durability === 'power-loss' ? 'FULL' : 'NORMAL'}`)
      // What is deleted is overwritten, not only given free.
      connection.exec('PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON')
      migrate(connection, path)
      signWriter(file)
    }
    const close = () => {
      file.close()
      lock?.release()
    }
    return { file, close }
  } catch (error) {
    connection?.close()
    lock?.release()
    throw sqliteFailure(error, path)
  }
}

function requireWal(file: StoreFile): void {
  const mode = file.first('PRAGMA journal_mode = WAL')?.journal_mode
  if (mode === 'wal') return
  throw new RagError(
    'unsupported',
    `SQLite cannot keep a write-ahead log for "${file.path}" (journal mode ${mode}), which readers beside a writer need. Put the file on a local disk.`,
    { details: { path: file.path } },
  )
}

function notYet(path: string): RagError {
  return new RagError(
    'store-failed',
    `There is no store at "${path}" to read. Let a writer make it first, or open it without \`readOnly\`.`,
    { details: { path, reason: 'no-access' } },
  )
}
