import { RagError, show } from '@tesserae/core'

/** The table that ships with the package, relative to the built and to the source file alike. */
const shipped = '../../data/static-en-256.bin'

export interface StaticSource {
  /** The table itself: for browsers, workers and bundles, where there is no file system. Not copied. */
  readonly bytes?: Uint8Array | undefined
  /** A file to read instead of the table that ships with the package. */
  readonly path?: string | undefined
}

/** Bytes of the table and how messages call them. The file system is imported only when it is needed. */
export async function readSource(
  source: StaticSource,
  signal?: AbortSignal,
): Promise<{ bytes: Uint8Array; name: string }> {
  const { bytes, path } = source
  if (bytes !== undefined && path !== undefined)
    throw new RagError(
      'invalid-argument',
      '`bytes` and `path` must not both be given. Leave one of them out.',
    )
  if (bytes !== undefined) {
    if (!(bytes instanceof Uint8Array))
      throw new RagError(
        'invalid-argument',
        `\`bytes\` must be a Uint8Array, got ${show(bytes)}. Wrap an ArrayBuffer in one.`,
      )
    return { bytes, name: 'The table given as `bytes`' }
  }
  if (path !== undefined && (typeof path !== 'string' || path === ''))
    throw new RagError('invalid-argument', `\`path\` must be the path of a file, got ${show(path)}.`)
  const name = path ?? 'The table of static embeddings'
  try {
    const { readFile } = await import('node:fs/promises')
    return { bytes: await readFile(path ?? new URL(shipped, import.meta.url), { signal }), name }
  } catch (cause) {
    signal?.throwIfAborted()
    throw new RagError(
      'load-failed',
      `${name} must be readable, and reading it failed. Without a file system, fetch the file and pass its content as \`bytes\`.`,
      { details: { path: path ?? shipped }, cause },
    )
  }
}
