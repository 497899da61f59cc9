import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { type Cache, type CacheEntry, checkInteger, checkNumber, invalid } from '@tesserae/core'

export interface FolderCacheOptions {
  /** Made when it is not there. It holds nothing else; several processes may share it. */
  readonly folder: string
  /** Bytes of all entries; those used longest ago make room. @default no limit */
  readonly maxBytes?: number | undefined
  /** Entries older than this are gone. @default no limit */
  readonly ttlMs?: number | undefined
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined
}

interface Record<V> {
  readonly key: string
  readonly value: V
  readonly tags: readonly string[]
  /** Milliseconds since 1970. */
  readonly written: number
}

const ending = '.entry'
const draftEnding = '.draft'
/** No draft is being written for so long, in milliseconds: it was left by a process that died. */
const longestDraft = 3_600_000
const digestBytes = 32

/**
 * A cache that outlives the process: a file for each entry, named by the SHA-256 of its key, with a checksum in front.
 * A file that was cut short or changed is no entry, and is removed. Values are what `structuredClone` can copy; the
 * time of a file is that of its last use. `deleteTag` reads every entry.
 */
export function folderCache<V>(options: FolderCacheOptions): Cache<V> {
  const { folder, now = Date.now } = options
  if (typeof folder !== 'string' || folder === '') invalid('folder', 'a path', folder)
  const maxBytes =
    options.maxBytes === undefined ? Number.POSITIVE_INFINITY : checkInteger('maxBytes', options.maxBytes)
  const ttlMs =
    options.ttlMs === undefined ? Number.POSITIVE_INFINITY : checkNumber('ttlMs', options.ttlMs, 0)
  let swept = false
  const pathOf = (key: string) =>
    join(folder, `${createHash('sha256').update(key, 'utf16le').digest('hex')}${ending}`)

  const read = async (path: string): Promise<Record<V> | undefined> => {
    const bytes = await unlessMissing(readFile(path))
    if (bytes === undefined) return undefined
    const record = recordOf<V>(bytes)
    if (record === undefined || record.written + ttlMs <= now()) {
      await rm(path, { force: true })
      return undefined
    }
    return record
  }

  const write = async ({ key, value, tags = [] }: CacheEntry<V>): Promise<void> => {
    const record: Record<V> = { key, value, tags, written: now() }
    const payload = serialize(record)
    if (payload.length + digestBytes > maxBytes) {
      await rm(pathOf(key), { force: true })
      return
    }
    // Whoever reads meanwhile sees the entry before or the entry after.
    const draft = join(folder, `${randomUUID()}${draftEnding}`)
    try {
      await writeFile(draft, Buffer.concat([digestOf(payload), payload]))
      await rename(draft, pathOf(key))
      await touch(pathOf(key))
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
  }

  const touch = (path: string) => {
    const time = new Date(now())
    return unlessMissing(utimes(path, time, time))
  }

  const makeRoom = async (): Promise<void> => {
    if (maxBytes === Number.POSITIVE_INFINITY) return
    const files: { readonly path: string; readonly bytes: number; readonly used: number }[] = []
    for (const path of await entryPaths(folder)) {
      const found = await unlessMissing(stat(path))
      if (found !== undefined) files.push({ path, bytes: found.size, used: found.mtimeMs })
    }
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    files.sort((a, b) => a.used - b.used || (a.path < b.path ? -1 : 1))
    for (const file of files) {
      if (bytes <= maxBytes) return
      await rm(file.path, { force: true })
      bytes -= file.bytes
    }
  }

  return {
    async get(keys) {
      const found: (V | undefined)[] = []
      for (const key of keys) {
        const path = pathOf(key)
        const record = await read(path)
        if (record !== undefined) await touch(path)
        found.push(record?.value)
      }
      return found
    },
    async set(entries) {
      await mkdir(folder, { recursive: true })
      if (!swept) await sweep(folder)
      swept = true
      for (const entry of entries) await write(entry)
      await makeRoom()
    },
    async deleteTag(tag) {
      let count = 0
      for (const path of await entryPaths(folder)) {
        if (!(await read(path))?.tags.includes(tag)) continue
        await rm(path, { force: true })
        count += 1
      }
      return count
    },
  }
}

function digestOf(payload: Uint8Array): Buffer {
  return createHash('sha256').update(payload).digest()
}

/** What the bytes of a file hold; undefined when they are not what was written. */
function recordOf<V>(bytes: Buffer): Record<V> | undefined {
  const payload = bytes.subarray(digestBytes)
  if (payload.length === 0 || !digestOf(payload).equals(bytes.subarray(0, digestBytes))) return undefined
  try {
    return deserialize(payload) as Record<V>
  } catch {
    // Written by a newer version of Node, in a form that this one does not know.
    return undefined
  }
}

async function entryPaths(folder: string, suffix = ending): Promise<string[]> {
  const names = (await unlessMissing(readdir(folder))) ?? []
  return names.filter((name) => name.endsWith(suffix)).map((name) => join(folder, name))
}

/** Removes the drafts of processes that died while they wrote. */
async function sweep(folder: string): Promise<void> {
  for (const path of await entryPaths(folder, draftEnding)) {
    const found = await unlessMissing(stat(path))
    if (found !== undefined && Date.now() - found.mtimeMs > longestDraft) await rm(path, { force: true })
  }
}

/** Another process may have removed it in the meantime. */
async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
