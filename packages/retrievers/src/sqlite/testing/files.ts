import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for the databases of a test, and a new path in it at each call. */
export function databaseFolder(): { path(): string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-store-'))
  let count = 0
  return {
    path: () => join(folder, `${count++}.db`),
    remove: () => rmSync(folder, { recursive: true }),
  }
}
