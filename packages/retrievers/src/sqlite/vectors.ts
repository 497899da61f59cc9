import { decodeVector } from './chunk-row.js'
import type { StoreFile } from './store-file.js'
import { originalText, storedText } from './text.js'

type Found = readonly (Float32Array | undefined)[]

export function readVectors(file: StoreFile, chunkIds: readonly string[], dimensions: number): Found {
  const sql = 'SELECT v.vector FROM chunks c JOIN vectors v ON v.ordinal = c.ordinal WHERE c.id = ?'
  return chunkIds.map((id) => {
    const row = file.first(sql, [storedText(id)])
    return row === undefined ? undefined : decodeVector(row.vector, dimensions)
  })
}

/** By the index `chunks_by_input`, whose expressions stand here as they do there. */
export function readVectorsByInput(file: StoreFile, inputs: readonly string[], dimensions: number): Found {
  const sql = `SELECT c.revision, v.vector FROM chunks c JOIN vectors v ON v.ordinal = c.ordinal
    WHERE instr(c.revision, '.') > 0 AND substr(c.revision, instr(c.revision, '.') + 1) = ? LIMIT 1`
  return inputs.map((input) => {
    const row = file.first(sql, [storedText(input)])
    if (row === undefined) return undefined
    // A revision that is stored in another form is only found by chance.
    const revision = originalText(String(row.revision))
    return revision.slice(revision.indexOf('.') + 1) === input
      ? decodeVector(row.vector, dimensions)
      : undefined
  })
}
