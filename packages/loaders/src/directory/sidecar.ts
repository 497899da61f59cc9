import { type Metadata, type MetadataValue, show } from '@tesserae/core'
import { loadFailed } from '../format.js'
import { isMetadataValue, isRecord } from '../metadata.js'
import { decodeText } from '../text/decode.js'

/** `guide.pdf.metadata.json` describes `guide.pdf`. */
export const SIDECAR_SUFFIX = '.metadata.json'

/** Larger ones are mistakes: a sidecar holds a handful of values. */
export const MAX_SIDECAR_BYTES = 1024 * 1024

const ROOT_KEY = 'metadataAttributes'

/** Name of the file that a sidecar's name points at, or undefined when it is no sidecar's name. */
export function sidecarOwner(name: string): string | undefined {
  return name.length > SIDECAR_SUFFIX.length && name.endsWith(SIDECAR_SUFFIX)
    ? name.slice(0, -SIDECAR_SUFFIX.length)
    : undefined
}

/**
 * Names that copies and downloads give to sidecars: `a.txt.metadata (1).json`, `a.txt.metadata - Copy.json`,
 * `a.txt.metadata.json.bak`, `a.txt.metadata.json~`, `a.txt.Metadata.JSON`. Returns the name of the file meant.
 */
export function misnamedSidecarOwner(name: string): string | undefined {
  if (name.toLowerCase().endsWith(SIDECAR_SUFFIX))
    return sidecarOwner(name) === undefined ? name.slice(0, -SIDECAR_SUFFIX.length) || undefined : undefined
  return /^(.+?)\.metadata(?:(?:[ _-]+[^.]*|\(\d+\))\.json|\.json(?:[ .(~_-].*|~))$/i.exec(name)?.[1]
}

/** True for text that is a JSON object whose only key is `metadataAttributes`: a sidecar under another name. */
export function isSidecarContent(text: string): boolean {
  if (text.length > MAX_SIDECAR_BYTES || !/^\s*\{\s*"metadataAttributes"/.test(text)) return false
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) && Object.keys(value).length === 1
  } catch {
    return false
  }
}

/**
 * Reads `{"metadataAttributes": {…}}`. Values are strings, numbers, booleans, null or lists; the typed form
 * `{"value": {"type": "STRING_LIST", "stringListValue": […]}}` of Amazon Bedrock is read too.
 * @throws RagError `load-failed` with reason `sidecar`, naming the field.
 */
export function parseSidecar(bytes: Uint8Array, uri: string): Metadata {
  const { text } = decodeText(bytes, { uri, encoding: 'utf-8' })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw malformed(
      uri,
      `is not valid JSON (${error instanceof Error ? error.message : String(error)})`,
      error,
    )
  }
  const attributes = isRecord(value) ? value[ROOT_KEY] : undefined
  if (!isRecord(attributes)) throw malformed(uri, `must hold an object named "${ROOT_KEY}"`)
  const metadata: { [key: string]: MetadataValue } = {}
  for (const [key, field] of Object.entries(attributes)) {
    const plain = isRecord(field) ? typedValue(field) : field
    if (!isMetadataValue(plain)) {
      throw malformed(
        uri,
        `has ${show(field)} as "${key}", which must be a string, finite number, boolean, null, list of strings or list of numbers`,
      )
    }
    Object.defineProperty(metadata, key, {
      value: plain,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return metadata
}

const TYPED_FIELDS: { readonly [type: string]: string } = {
  STRING: 'stringValue',
  NUMBER: 'numberValue',
  BOOLEAN: 'booleanValue',
  STRING_LIST: 'stringListValue',
}

function typedValue(field: { readonly [key: string]: unknown }): unknown {
  if (!isRecord(field.value)) return undefined
  const name = typeof field.value.type === 'string' ? TYPED_FIELDS[field.value.type] : undefined
  return name === undefined ? undefined : field.value[name]
}

function malformed(uri: string, what: string, cause?: unknown): Error {
  return loadFailed(uri, `the sidecar ${what}. The file it describes is not loaded without its metadata.`, {
    reason: 'sidecar',
    cause,
  })
}
