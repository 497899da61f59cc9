import type { SnapshotParts } from './write.js'

/** Can be saved and loaded without being built again. */
export interface Savable {
  /**
   * Everything as it is now, in one array. The same calls since it was made give the same bytes, on every host and
   * backend. Throws `unsupported` when it does not fit in one array: see `saveParts`.
   */
  save(): Uint8Array<ArrayBuffer>
  /**
   * What `save` gives, in parts of about a megabyte that are made as they are taken, so that it is not all held twice.
   * Throws `invalid-argument` when something was changed before the last part was taken.
   */
  saveParts(): SnapshotParts
  /**
   * Becomes what was saved, in the place of what it was; from then on it behaves like that one. Takes one array or
   * the parts in order. Throws `corrupt-data` for anything but an intact snapshot, `incompatible` when that was
   * made with other options; then nothing has changed.
   */
  load(snapshot: Uint8Array | Iterable<Uint8Array>): void
}
