import { basename, sep } from 'node:path'
import { type CallOptions, invalid, type Loader, RagError } from '@tesserae/core'
import { loadFailed } from '../format.js'
import { failure, loadFile, sidecarBeside } from './load-file.js'
import { type FileLoaderOptions, fileLoaderSettings } from './options.js'
import { misnamedSidecarOwner, sidecarOwner } from './sidecar.js'

/** The options of `directory` that concern a file rather than a folder. */
export type FilesOptions = FileLoaderOptions

/**
 * Loads the listed files in their order. A document's id and `uri` are the path as given, with forward
 * slashes. Sidecars are read as in `directory`; a listed sidecar is a failure.
 * @throws RagError `duplicate-id` for a path given twice; `invalid-argument` for bad options.
 */
export function files(paths: readonly string[], options: FilesOptions = {}): Loader {
  const settings = fileLoaderSettings(options)
  const ids = new Set<string>()
  for (const path of paths) {
    if (typeof path !== 'string' || path === '') invalid('paths', 'a list of file paths', path)
    const id = path.split(sep).join('/')
    if (ids.has(id)) {
      throw new RagError('duplicate-id', `${id} is listed twice in \`paths\`. List each file once.`, {
        details: { documentId: id },
      })
    }
    ids.add(id)
  }
  const list = [...ids]
  return {
    name: `files(${list.length})`,
    async *load(call: CallOptions = {}) {
      for (const id of list) {
        call.signal?.throwIfAborted()
        const path = id.split('/').join(sep)
        const name = basename(path)
        if ((sidecarOwner(name) ?? misnamedSidecarOwner(name)) !== undefined) {
          const reason = 'it is a sidecar, which describes a file and is not content itself.'
          yield failure(id, loadFailed(id, reason, { reason: 'sidecar' }), call)
          continue
        }
        yield await loadFile({ path, id, uri: id, name, sidecar: await sidecarBeside(path) }, settings, call)
      }
    },
  }
}
