import sharedModule from '../wasm/flat-shared.wasm.js'
import { RowIndex, type RowSettings } from './row-index.js'
import { attachRows, type SharedRows } from './rows.js'

/** The rows of one memory as threads see them. The memory is shared, the ordinals are copied to each. */
export interface RowImage {
  readonly settings: RowSettings
  readonly rows: SharedRows
  readonly ordinals: Uint32Array<ArrayBuffer>
}

/** The rows to be searched, and nothing else, by one of the threads. */
export function openRows({ settings, rows, ordinals }: RowImage, thread: number): RowIndex {
  const base = rows.bases[thread]
  const attached = base === undefined ? undefined : attachRows(sharedModule, rows, base)
  if (attached === undefined) throw new Error('the shared memory has no room for this thread')
  const index = new RowIndex(settings, attached)
  index.adopt(ordinals)
  return index
}
