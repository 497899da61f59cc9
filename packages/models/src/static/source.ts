import { checkOneOf, RagError, show } from '@tesserae/core'

/** The tables that ship with the package, relative to the built and to the source file alike. */
const shipped = { full: '../../data/static-en-384.bin', small: '../../data/static-en-256.bin' } as const
export type TableSize = keyof typeof shipped

export interface StaticSource {
  /** Which table of the package: the best, or one of a third of its size for where it must be downloaded. @default 'full' */
  readonly size?: TableSize | undefined
  /** The table itself: for browsers, workers and bundles, where there is no file system. Not copied. */
  readonly bytes?: Uint8Array | undefined
  /** A file to read instead of the table that ships with the package. */
  readonly path?: string | undefined
}

/**
 * A file in one read: `readFile` takes half a megabyte at a time, and each turn waits for a busy machine.
 * The module is asked of the process and not imported, so that bundlers for browsers find nothing to resolve.
 */
async function readWhole(path: string | URL): Promise<Uint8Array> {
  const fs = globalThis.process?.getBuiltinModule?.('node:fs/promises')
  if (fs === undefined) throw new Error('There is no file system here.')
  const file = await fs.open(path)
  try {
    const { size } = await file.stat()
    const bytes = new Uint8Array(size)
    let at = 0
    while (at < size) {
      const { bytesRead } = await file.read(bytes, at, size - at, at)
      if (bytesRead === 0) break
      at += bytesRead
    }
    return bytes.subarray(0, at)
  } finally {
    await file.close()
  }
}

/** Bytes of the table and how messages call them. The file system is touched only when it is needed. */
export async function readSource(
  source: StaticSource,
  signal?: AbortSignal,
): Promise<{ bytes: Uint8Array; name: string }> {
  const { bytes, path } = source
  const file = shipped[checkOneOf<TableSize>('size', source.size ?? 'full', ['full', 'small'])]
  if (source.size !== undefined && (bytes !== undefined || path !== undefined))
    throw new RagError(
      'invalid-argument',
      '`size` chooses a table of this package and must not be given with `bytes` or `path`. Leave it out.',
    )
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
    return { bytes: await readWhole(path ?? new URL(file, import.meta.url)), name }
  } catch (cause) {
    signal?.throwIfAborted()
    throw new RagError(
      'load-failed',
      `${name} must be readable, and reading it failed. Without a file system, fetch the file and pass its content as \`bytes\`.`,
      { details: { path: path ?? file }, cause },
    )
  }
}
