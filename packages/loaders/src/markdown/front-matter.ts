import type { MetadataValue } from '@tesserae/core'
import { isMetadataValue, isRecord } from '../metadata.js'

export interface FrontMatter {
  /** Offset where the Markdown begins. */
  readonly end: number
  readonly yaml: string
}

const OPENING = /^---[ \t]*(?:\r\n|\n|\r)/
const CLOSING = /(?:^|\r\n|\n|\r)(?:---|\.\.\.)[ \t]*(?:\r\n|\n|\r|$)/g

/** Larger blocks are not front matter but documents that begin with a rule. */
const MAX_LENGTH = 100_000

/** The block between `---` lines at the very start of a file. */
export function findFrontMatter(text: string): FrontMatter | undefined {
  const opening = OPENING.exec(text.slice(0, 1000))
  if (opening === null) return undefined
  const start = opening[0].length
  const head = text.slice(start, start + MAX_LENGTH)
  CLOSING.lastIndex = 0
  const closing = CLOSING.exec(head)
  if (closing === null) return undefined
  return { end: start + closing.index + closing[0].length, yaml: head.slice(0, closing.index) }
}

/**
 * Values of the front matter as flat metadata: nested keys are joined with dots, dates become ISO strings,
 * lists of mixed values become strings; what metadata cannot hold is left out. YAML that is broken gives nothing.
 */
export async function readFrontMatter(yaml: string): Promise<{ [key: string]: MetadataValue }> {
  const { parse } = await import('yaml')
  let value: unknown
  try {
    value = parse(yaml, { maxAliasCount: 20, schema: 'core', logLevel: 'error' })
  } catch {
    return {}
  }
  const metadata: { [key: string]: MetadataValue } = {}
  if (isRecord(value)) flatten(value, '', metadata, 0)
  return metadata
}

function flatten(
  record: { readonly [key: string]: unknown },
  prefix: string,
  into: { [key: string]: MetadataValue },
  depth: number,
): void {
  for (const [key, field] of Object.entries(record)) {
    const name = prefix + key
    const value = Array.isArray(field) && !isMetadataValue(field) ? scalarsOf(field) : field
    if (isMetadataValue(value)) {
      Object.defineProperty(into, name, { value, enumerable: true, writable: true, configurable: true })
    } else if (isRecord(value) && depth < 4) flatten(value, `${name}.`, into, depth + 1)
  }
}

function scalarsOf(list: readonly unknown[]): readonly string[] {
  return list.filter((item) => item !== null && typeof item !== 'object').map(String)
}
