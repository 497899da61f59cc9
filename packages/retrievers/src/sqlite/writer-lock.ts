import { hostname } from 'node:os'
import { RagError } from '@tesserae/core'
import type { SqliteConnection, SqliteDriver } from './driver.js'
import { sqliteFailure } from './failure.js'
import type { StoreFile } from './store-file.js'

/**
 * Makes this connection the only writer, across processes, until `release` or the end of the process.
 *
 * The lock is one that the operating system holds on a file of its own, `<path>-writer`, taken as an open transaction
 * on an empty database: however a process ends, `kill -9` included, its lock ends with it, and no stale one is ever
 * left. The file itself stays and stays empty.
 */
export function lockWriter(driver: SqliteDriver, path: string, file: StoreFile): { release(): void } {
  let lock: SqliteConnection | undefined
  try {
    lock = driver.open(`${path}-writer`)
    lock.exec('PRAGMA busy_timeout = 0')
    lock.exec('BEGIN IMMEDIATE')
  } catch (error) {
    lock?.close()
    const failure = sqliteFailure(error, path)
    if (!(failure instanceof RagError) || failure.details.reason !== 'locked') throw failure
    throw secondWriter(path, file, error)
  }
  return { release: () => lock.close() }
}

/** Writes down who has the lock, for the message that a second writer gets. */
export function signWriter(file: StoreFile): void {
  file.setSetting('writer', `process ${process.pid} on ${hostname()}`)
}

function secondWriter(path: string, file: StoreFile, cause: unknown): RagError {
  const owner = ownerOf(file)
  return new RagError(
    'store-failed',
    `The store at "${path}" already has a writer${owner === undefined ? '' : ` (${owner})`}, and takes one at a time. Close that one, or open this one with \`readOnly: true\`.`,
    { details: { path, reason: 'locked', owner }, cause },
  )
}

function ownerOf(file: StoreFile): string | undefined {
  try {
    const owner = file.setting('writer')
    return typeof owner === 'string' ? owner : undefined
  } catch {
    // The other one is about to make the tables.
    return undefined
  }
}
