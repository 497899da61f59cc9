import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Loaded } from '@tesserae/core'

/** Something that documents are brought into, and brought into again when they changed. */
export interface System {
  /** Chunks written. */
  run(source: Iterable<Loaded>): Promise<number>
  /** The same for documents that are known to have changed, without the others. */
  changed?(source: Iterable<Loaded>): Promise<number>
  close(): Promise<void>
  /** Bytes on disk once it is closed. */
  bytes(): number
  /** Opens what was closed, ready to search. */
  open?(): Promise<void>
}

export function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

export function emptyFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
