import { type Cache, type CallOptions, invalid, isAbort } from '@tesserae/core'
import type { Format, FormatSource, ParsedSource } from './format.js'

export interface CachedFormatOptions {
  /**
   * Names the format in its present state: it must change with its options, and with the version of what parses. What
   * was parsed under another name is not met again.
   */
  readonly version: string
}

/**
 * The same format, asked only for bytes that are new: keys are the SHA-256 of the bytes, the character set told from
 * outside, the format's name, the version and, where the source has one, its URL, to which links are resolved. So a
 * file that was renamed or copied is not parsed again. For formats that cost much: long PDFs, or text recognised by a
 * service. Entries are tagged `content:<sha256>`.
 *
 * A source that fails is not kept and fails again. A cache that fails is told to the observer (`cache.failed`) and
 * otherwise passed over.
 */
export function cachedFormat(
  format: Format,
  cache: Cache<ParsedSource>,
  options: CachedFormatOptions,
): Format {
  const { version } = options
  if (typeof format?.parse !== 'function') invalid('format', 'a Format', format)
  if (typeof version !== 'string' || version === '') invalid('version', 'a string that is not empty', version)
  return {
    name: format.name,
    extensions: format.extensions,
    mediaTypes: format.mediaTypes,
    async parse(source, call = {}) {
      const digest = await digestOf(source)
      const url = URL.canParse(source.uri) ? source.uri : ''
      const key = `parse:${JSON.stringify([format.name, version, source.charset ?? '', url])}:${digest}`
      const found = await careful(format, call, async () => (await cache.get([key]))[0])
      call.signal?.throwIfAborted()
      call.observer?.({
        type: 'cache.read',
        source: format.name,
        labels: { outcome: found === undefined ? 'miss' : 'hit' },
      })
      if (found !== undefined) return found
      const parsed = await format.parse(source, call)
      await careful(format, call, () => cache.set([{ key, value: parsed, tags: [`content:${digest}`] }]))
      return parsed
    },
  }
}

async function digestOf({ bytes }: FormatSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function careful<T>(format: Format, call: CallOptions, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isAbort(error, call.signal)) throw error
    call.observer?.({ type: 'cache.failed', source: format.name })
    return undefined
  }
}
