import {
  type Cache,
  type CacheEntry,
  type Chunk,
  checkInteger,
  checkNumber,
  embeddingText,
  sha256,
} from '@tesserae/core'
import { numbersOf } from './chunk-row.js'
import type { SqliteRow } from './driver.js'
import type { StoreFile } from './store-file.js'
import { storedText } from './text.js'

export interface EmbeddingCacheOptions {
  /** Entries kept; those used longest ago make room. @default 1000000 */
  readonly maxEntries?: number | undefined
  /** Entries older than this are gone. @default no limit */
  readonly ttlMs?: number | undefined
}

/** What the cache needs of its store. */
export interface CacheHost {
  /** Throws when the store is closed. */
  readonly file: () => StoreFile
  /** Throws when the store cannot write. */
  readonly writing: <T>(work: (file: StoreFile) => T) => T
  readonly now: () => number
}

/**
 * Vectors by key in the store's own file, for `cachedEmbedder`. Use is written down with the next entries, not at each
 * read, so that reading stays cheap.
 */
export function embeddingCache(host: CacheHost, options: EmbeddingCacheOptions = {}): Cache<Float32Array> {
  const maxEntries = checkInteger('maxEntries', options.maxEntries ?? 1_000_000)
  const ttlMs = options.ttlMs === undefined ? undefined : checkNumber('ttlMs', options.ttlMs, 0)
  const usedSinceWrite = new Set<number>()
  return {
    async get(keys) {
      const file = host.file()
      const now = host.now()
      return keys.map((key) => {
        const row = file.first(
          'SELECT number, vector FROM embeddings WHERE key = ? AND (expires IS NULL OR expires > ?)',
          [storedText(key), now],
        )
        if (row === undefined) return undefined
        usedSinceWrite.add(Number(row.number))
        return vectorOf(row)
      })
    },
    async set(entries) {
      host.writing((file) => {
        let clock = file.count('SELECT max(used) FROM embeddings')
        for (const number of usedSinceWrite) {
          file.run('UPDATE embeddings SET used = ? WHERE number = ?', [++clock, number])
        }
        const expires = ttlMs === undefined ? null : host.now() + ttlMs
        for (const entry of entries) put(file, entry, ++clock, expires)
        makeRoom(file, maxEntries, host.now())
      })
      usedSinceWrite.clear()
    },
    async deleteTag(tag) {
      return host.writing((file) => {
        const rows = file.all('SELECT embedding FROM embedding_tags WHERE tag = ?', [storedText(tag)])
        return forget(file, rows)
      })
    },
  }
}

/** Deletes what the cache has of the texts of these chunks. Inside a transaction. */
export function forgetTexts(file: StoreFile, chunks: Iterable<Chunk>): void {
  for (const chunk of chunks) {
    const digest = sha256(embeddingText(chunk))
    for (;;) {
      // One at a time: mostly there is none.
      const row = file.first('SELECT number FROM embeddings WHERE digest = ?', [digest])
      if (row === undefined) break
      forget(file, [row])
    }
  }
}

export function hasEmbeddings(file: StoreFile): boolean {
  return file.first('SELECT 1 FROM embeddings LIMIT 1') !== undefined
}

function put(
  file: StoreFile,
  { key, value, tags = [] }: CacheEntry<Float32Array>,
  used: number,
  expires: number | null,
): void {
  const stored = storedText(key)
  const before = file.first('SELECT number FROM embeddings WHERE key = ?', [stored])
  if (before !== undefined) forget(file, [before])
  // The keys of `cachedEmbedder` end with the SHA-256 of the text.
  const digest = /:([0-9a-f]{64})$/.exec(key)?.[1] ?? null
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  file.run('INSERT INTO embeddings (key, digest, vector, used, expires) VALUES (?, ?, ?, ?, ?)', [
    stored,
    digest,
    bytes,
    used,
    expires,
  ])
  const number = file.count('SELECT number FROM embeddings WHERE key = ?', [stored])
  for (const tag of new Set(tags)) {
    file.run('INSERT INTO embedding_tags (tag, embedding) VALUES (?, ?)', [storedText(tag), number])
  }
}

function makeRoom(file: StoreFile, maxEntries: number, now: number): void {
  forget(file, file.all('SELECT number FROM embeddings WHERE expires <= ?', [now]))
  const excess = file.count('SELECT count(*) FROM embeddings') - maxEntries
  if (excess <= 0) return
  forget(file, file.all('SELECT number FROM embeddings ORDER BY used LIMIT ?', [excess]))
}

/** Deletes the embeddings whose numbers are the only column; says how many there were. */
function forget(file: StoreFile, rows: readonly SqliteRow[]): number {
  for (const row of rows) {
    const [number = null] = Object.values(row)
    file.run('DELETE FROM embedding_tags WHERE embedding = ?', [number])
    file.run('DELETE FROM embeddings WHERE number = ?', [number])
  }
  return rows.length
}

function vectorOf({ vector }: SqliteRow): Float32Array | undefined {
  return vector instanceof Uint8Array ? numbersOf(vector) : undefined
}
