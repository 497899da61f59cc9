import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Cache, CacheEntry } from '@tesserae/core'

const keyBytes = 32

/**
 * Vectors in one file that only grows: SHA-256 of the key, then the numbers. A run that was cut short loses at
 * most its last record.
 */
export function vectorFile(path: string, dimensions: number): Cache<Float32Array> {
  const recordBytes = keyBytes + dimensions * Float32Array.BYTES_PER_ELEMENT
  const vectors = new Map<string, Float32Array>()
  mkdirSync(dirname(path), { recursive: true })
  if (existsSync(path)) {
    const file = readFileSync(path)
    const whole = file.length - (file.length % recordBytes)
    if (whole < file.length) truncateSync(path, whole)
    for (let offset = 0; offset < whole; offset += recordBytes) {
      const key = file.toString('hex', offset, offset + keyBytes)
      const numbers = file.subarray(offset + keyBytes, offset + recordBytes)
      vectors.set(key, new Float32Array(new Uint8Array(numbers).buffer))
    }
  }
  const hash = (key: string) => createHash('sha256').update(key).digest('hex')
  return {
    async get(keys) {
      return keys.map((key) => vectors.get(hash(key)))
    },
    async set(entries: readonly CacheEntry<Float32Array>[]) {
      const records: Buffer[] = []
      for (const { key, value } of entries) {
        const name = hash(key)
        if (vectors.has(name)) continue
        vectors.set(name, value)
        records.push(Buffer.from(name, 'hex'), Buffer.from(value.buffer, value.byteOffset, value.byteLength))
      }
      appendFileSync(path, Buffer.concat(records))
    },
    async deleteTag() {
      return 0
    },
  }
}
