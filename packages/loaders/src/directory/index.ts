import type { CallOptions, Loader } from '@tesserae/core'
import { folderError, openFolder } from './folder.js'
import type { DirectoryOptions } from './options.js'

export { type FilesOptions, files } from './files.js'
export type { DirectoryOptions, FileInfo, FileLoaderOptions } from './options.js'
export { type DirectoryChange, type WatchOptions, watchDirectory } from './watch.js'

/**
 * Loads every file below a folder, one at a time, in the order of their names. A document's id is its path
 * relative to the folder with forward slashes; its `uri` is `path` joined with that, so that a citation
 * `uri:line` opens where the program runs. `<file>.metadata.json` beside a file becomes its metadata and is
 * never content itself.
 *
 * What is wrong with one file is a failure value: unknown endings (`unsupported`), and empty, binary, too
 * large, malformed or unreadable files and broken sidecars (`load-failed`, with `details.reason`).
 * @throws RagError `invalid-argument` for bad options at once; `load-failed` from `load` when the folder
 * itself cannot be read.
 */
export function directory(path: string, options: DirectoryOptions = {}): Loader {
  const folder = openFolder(path, options)
  return {
    name: `directory(${path})`,
    async *load(call: CallOptions = {}) {
      call.signal?.throwIfAborted()
      try {
        for await (const entry of folder.entries(call.signal)) {
          const loaded = await folder.load(entry, call)
          if (loaded !== undefined) yield loaded
        }
      } catch (error) {
        call.signal?.throwIfAborted()
        throw folderError(path, error)
      }
    },
  }
}
