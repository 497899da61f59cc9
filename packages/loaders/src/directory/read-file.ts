import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { loadFailed, reasonOf } from '../format.js'

export interface FileBytes {
  readonly bytes: Uint8Array
  readonly modified: Date
}

export interface ReadFileOptions {
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
}

const BLOCK_BYTES = 1024 * 1024

/**
 * Reads one regular file. The type and size are taken from the opened file, not from its name, so nothing
 * that is swapped in between can be read; opening never waits (a FIFO would) and never follows a last-step link.
 * @throws RagError `load-failed` with reason `unreadable`, `not-a-file`, `too-large` or `empty`.
 */
export async function readRegularFile(
  path: string,
  uri: string,
  options: ReadFileOptions,
): Promise<FileBytes> {
  options.signal?.throwIfAborted()
  const handle = await openFile(path, uri)
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) {
      throw loadFailed(uri, 'it is not a regular file.', { reason: 'not-a-file' })
    }
    if (stat.size > options.maxBytes) throw tooLarge(uri, stat.size, options.maxBytes)
    if (stat.size === 0) {
      throw loadFailed(uri, 'the file is empty (0 bytes), so there is nothing to index.', { reason: 'empty' })
    }
    const bytes = await readAll(handle, stat.size, uri, options.signal)
    return { bytes, modified: stat.mtime }
  } catch (error) {
    options.signal?.throwIfAborted()
    throw isSystemError(error) ? unreadable(uri, error) : error
  } finally {
    await handle.close()
  }
}

async function openFile(path: string, uri: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    throw unreadable(uri, error)
  }
}

/** Reads `size` bytes; a file that grows meanwhile is read up to the size it had, one that shrinks to its new end. */
async function readAll(
  handle: FileHandle,
  size: number,
  uri: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  let at = 0
  while (at < size) {
    signal?.throwIfAborted()
    const { bytesRead } = await handle.read(bytes, at, Math.min(BLOCK_BYTES, size - at), at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  if (at === 0) throw loadFailed(uri, 'the file became empty while it was read.', { reason: 'empty' })
  return at === size ? bytes : bytes.subarray(0, at)
}

function tooLarge(uri: string, size: number, limit: number): Error {
  return loadFailed(
    uri,
    `the file has ${size} bytes, more than the limit of ${limit}. Split it, or raise \`maxFileBytes\`.`,
    { reason: 'too-large' },
  )
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string' && 'syscall' in error
  )
}

/** A file system error as a failure of this file, with the system's own code in the message. */
export function unreadable(uri: string, error: unknown): Error {
  return loadFailed(uri, `the file cannot be read: ${reasonOf(error)}`, {
    reason: 'unreadable',
    cause: error,
  })
}
