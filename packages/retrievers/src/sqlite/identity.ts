import { RagError } from '@tesserae/core'
import type { StoreFile } from './store-file.js'

export interface Identity {
  readonly dimensions: number
  readonly embedderId: string | undefined
}

/** Refuses a file whose vectors are of another model. A writer writes down what is not known yet. */
export function requireIdentity(file: StoreFile, wanted: Identity, readOnly: boolean): void {
  const dimensions = file.setting('dimensions')
  const embedderId = file.setting('embedderId')
  if (dimensions !== undefined && dimensions !== wanted.dimensions) {
    throw mismatch(file.path, 'dimensions', dimensions, wanted.dimensions)
  }
  if (embedderId !== undefined && wanted.embedderId !== undefined && embedderId !== wanted.embedderId) {
    throw mismatch(file.path, 'embedderId', embedderId, wanted.embedderId)
  }
  if (readOnly) return
  file.writing(() => {
    if (dimensions === undefined) file.setSetting('dimensions', wanted.dimensions)
    if (embedderId === undefined && wanted.embedderId !== undefined) {
      file.setSetting('embedderId', wanted.embedderId)
    }
  })
}

function mismatch(
  path: string,
  name: 'dimensions' | 'embedderId',
  stored: string | number | Uint8Array | null,
  wanted: string | number,
): RagError {
  const shown = (value: unknown) => (value === 0 ? 'none' : JSON.stringify(value))
  return new RagError(
    'incompatible',
    `The store at "${path}" was made with \`${name}\` ${shown(stored)}, and is opened with ${shown(wanted)}: vectors of two models cannot be compared. Open it with the embedder it was made with, or ingest into a new file with the new one and then open that.`,
    { details: { path, setting: name, stored: String(stored), wanted } },
  )
}
