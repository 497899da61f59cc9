import { type LexicalIndex, type Metadata, RagError, type VectorIndex } from '@tesserae/core'
import { hasScan } from '../memory-store/search-entries.js'
import type { Savable } from '../snapshot/index.js'
import type { Derived } from './derived.js'
import type { StoreFile } from './store-file.js'

/** Entries of `vacated` kept for readers that lag behind, at least. */
const keptVacated = 10_000

/** The index, if storing it saves anything: an exact vector index is filled from the vectors as fast as it is loaded. */
export function savable(index: LexicalIndex | VectorIndex | undefined): Savable | undefined {
  if (index === undefined || !('saveParts' in index) || !('load' in index)) return undefined
  const stored = index as (LexicalIndex | VectorIndex) & Savable
  return 'metric' in stored && !hasScan(stored) ? undefined : stored
}

/** The generation of a stored index of this version. */
export function snapshotGeneration(file: StoreFile, name: string, version: string): number | undefined {
  const row = file.first('SELECT generation, version FROM snapshots WHERE name = ?', [name])
  return row?.version === version ? Number(row.generation) : undefined
}

export function* readSnapshotParts(file: StoreFile, name: string): Generator<Uint8Array> {
  const parts = file.count('SELECT parts FROM snapshots WHERE name = ?', [name])
  for (let part = 0; part < parts; part++) {
    const row = file.first('SELECT bytes FROM snapshot_parts WHERE name = ? AND part = ?', [name, part])
    if (!(row?.bytes instanceof Uint8Array)) {
      throw new RagError('corrupt-data', `Part ${part} of the stored index "${name}" is missing.`)
    }
    yield row.bytes
  }
}

/** Replaces the stored indexes by those in memory. Inside a transaction, at the generation of the file. */
export function writeSnapshots<M extends Metadata>(
  file: StoreFile,
  derived: Derived<M>,
  version: string,
): void {
  const { generation } = derived
  for (const name of ['lexical', 'vectors'] as const) {
    file.run('DELETE FROM snapshot_parts WHERE name = ?', [name])
    file.run('DELETE FROM snapshots WHERE name = ?', [name])
    const index = savable(derived[name])
    if (index === undefined) continue
    let count = 0
    for (const bytes of index.saveParts()) {
      file.run('INSERT INTO snapshot_parts (name, part, bytes) VALUES (?, ?, ?)', [name, count++, bytes])
    }
    file.run('INSERT INTO snapshots (name, generation, version, parts) VALUES (?, ?, ?, ?)', [
      name,
      generation,
      version,
      count,
    ])
  }
  if (file.count('SELECT count(*) FROM vacated') > keptVacated) {
    file.run('DELETE FROM vacated WHERE generation <= ?', [generation])
    file.setSetting('vacatedFrom', generation)
  }
}

/** Changes since the oldest stored index, which an opening would have to replay. */
export function unsavedChanges(file: StoreFile, version: string): number {
  const since = snapshotGeneration(file, 'lexical', version) ?? 0
  return (
    file.count('SELECT count(*) FROM chunks WHERE generation > ?', [since]) +
    file.count('SELECT count(*) FROM vacated WHERE generation > ?', [since])
  )
}
