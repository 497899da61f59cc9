import {
  corrupt,
  elementBytes,
  type HeadFields,
  type SectionHead,
  type SnapshotHead,
  type SnapshotKind,
} from './format.js'

/** The head of a snapshot from its JSON, with everything that other code relies on checked. */
export function parseHead(json: string): SnapshotHead {
  let head: unknown
  try {
    head = JSON.parse(json)
  } catch {
    corrupt('its head is not JSON')
  }
  if (!isRecord(head) || typeof head.kind !== 'string' || !Array.isArray(head.sections)) {
    corrupt('its head lacks fields')
  }
  return {
    // Compared with the kind that is wanted; any other text is some later kind.
    kind: head.kind as SnapshotKind,
    options: fields(head.options),
    state: fields(head.state),
    sections: head.sections.map(sectionHead),
  }
}

function fields(value: unknown): HeadFields {
  if (!isRecord(value)) corrupt('its head lacks fields')
  const copy: { [name: string]: string | number | boolean | null } = {}
  for (const [name, field] of Object.entries(value)) {
    if (
      field !== null &&
      typeof field !== 'string' &&
      typeof field !== 'number' &&
      typeof field !== 'boolean'
    ) {
      corrupt(`"${name}" of its head is not a plain value`)
    }
    Object.defineProperty(copy, name, { value: field, enumerable: true })
  }
  return copy
}

function sectionHead(value: unknown): SectionHead {
  if (!isRecord(value)) corrupt('a section of its head is not an object')
  const { name, type, length, optional } = value
  if (typeof name !== 'string' || typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) {
    corrupt('a section of its head lacks name or length')
  }
  if (typeof type !== 'string' || elementBytes(type) === undefined) {
    corrupt(`section "${name}" of its head has no type`)
  }
  const known = { name, type, length }
  return optional === true ? { ...known, optional } : known
}

function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
