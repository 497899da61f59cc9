import { type Chunk, invalid, type Metadata } from '@tesserae/core'

/**
 * A deep-frozen copy of a chunk: what the caller changes later does not reach the store, and what the store
 * hands out cannot be changed, so no read has to copy.
 */
export function storedChunk<M extends Metadata>(chunk: Chunk<M>): Chunk<M> {
  for (const field of ['id', 'documentId'] as const) {
    if (typeof chunk[field] !== 'string' || chunk[field] === '') {
      invalid(`chunk.${field}`, 'a string that is not empty', chunk[field])
    }
  }
  if (typeof chunk.text !== 'string') invalid(`chunk.text of "${chunk.id}"`, 'a string', chunk.text)
  const copy: Chunk<M> = {
    ...chunk,
    headings: Object.freeze([...chunk.headings]),
    metadata: storedMetadata(chunk.id, chunk.metadata),
  }
  return Object.freeze(
    chunk.window === undefined ? copy : { ...copy, window: Object.freeze({ ...chunk.window }) },
  )
}

function storedMetadata<M extends Metadata>(id: string, metadata: M): M {
  const copy: M = { ...metadata }
  for (const [field, value] of Object.entries(metadata)) {
    if (!isMetadataValue(value)) {
      invalid(
        `metadata.${field} of chunk "${id}"`,
        'a string, a number, a boolean, null, or a list of strings or numbers',
        value,
        'Flatten nested values into fields of their own.',
      )
    }
    if (Array.isArray(value)) {
      Object.defineProperty(copy, field, { value: Object.freeze([...value]), enumerable: true })
    }
  }
  return Object.freeze(copy)
}

function isMetadataValue(value: unknown): boolean {
  if (value === null || value === undefined) return true
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string' || typeof item === 'number')
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
