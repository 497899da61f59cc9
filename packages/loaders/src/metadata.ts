import { type Metadata, type MetadataValue, RagError, show } from '@tesserae/core'

/** True for what metadata may hold: string, finite number, boolean, null, list of strings or of finite numbers. */
export function isMetadataValue(value: unknown): value is MetadataValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (!Array.isArray(value)) return false
  return (
    value.every((item) => typeof item === 'string') ||
    value.every((item) => typeof item === 'number' && Number.isFinite(item))
  )
}

/** True for `{…}`: neither null nor a list. */
export function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Checks metadata that users hand over.
 * @throws RagError `invalid-argument` naming the field.
 */
export function checkMetadata(name: string, value: unknown): Metadata {
  if (!isRecord(value)) {
    throw new RagError(
      'invalid-argument',
      `\`${name}\` must be an object of metadata values, got ${show(value)}.`,
    )
  }
  const metadata: { [key: string]: MetadataValue } = {}
  for (const [key, field] of Object.entries(value)) {
    if (!isMetadataValue(field)) {
      throw new RagError(
        'invalid-argument',
        `\`${name}.${key}\` must be a string, finite number, boolean, null, list of strings or list of numbers, got ${show(field)}.`,
        { details: { argument: `${name}.${key}` } },
      )
    }
    Object.defineProperty(metadata, key, {
      value: field,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return metadata
}
