import { join, sep } from 'node:path'
import { type CallOptions, invalid, type Loaded, type Loader } from '@tesserae/core'
import { loadFailed, reasonOf } from '../format.js'
import { failure, loadFile, sidecarBeside } from './load-file.js'
import { type DirectoryOptions, type FileLoaderSettings, fileLoaderSettings, globMatcher } from './options.js'
import { isSystemError } from './read-file.js'
import { misnamedSidecarOwner, SIDECAR_SUFFIX, sidecarOwner } from './sidecar.js'
import { type WalkEntry, walk } from './walk.js'

export { type FilesOptions, files } from './files.js'
export type { DirectoryOptions, FileInfo, FileLoaderOptions } from './options.js'

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
  if (typeof path !== 'string' || path === '') invalid('path', 'the path of a folder', path)
  const settings = fileLoaderSettings(options)
  const included = globMatcher('include', options.include, ['**'])
  const excluded = globMatcher('exclude', options.exclude, ['**/node_modules/**'])
  const walkOptions = {
    hidden: options.hidden ?? false,
    followSymlinks: options.followSymlinks ?? false,
    ignoreFiles: options.ignoreFiles ?? ['.gitignore', '.ignore'],
    prunes: excluded,
  }
  const selects = (relative: string): boolean => included(relative) && !excluded(relative)
  const uriOf = (relative: string): string => join(path, relative).split(sep).join('/')
  return {
    name: `directory(${path})`,
    async *load(call: CallOptions = {}) {
      call.signal?.throwIfAborted()
      try {
        for await (const entry of walk(path, { ...walkOptions, signal: call.signal })) {
          const loaded = await loadEntry(entry, settings, selects, uriOf, call)
          if (loaded !== undefined) yield loaded
        }
      } catch (error) {
        call.signal?.throwIfAborted()
        throw isSystemError(error)
          ? loadFailed(path, `the folder cannot be read: ${reasonOf(error)}`, {
              reason: 'unreadable',
              cause: error,
            })
          : error
      }
    },
  }
}

/** Applies selection and sidecar rules to what the walk met; `undefined` when there is nothing to report. */
async function loadEntry(
  entry: WalkEntry,
  settings: FileLoaderSettings,
  selects: (relative: string) => boolean,
  uriOf: (relative: string) => string,
  call: CallOptions,
): Promise<Loaded | undefined> {
  const uri = uriOf(entry.relative)
  if (entry.type === 'problem') {
    if (!selects(entry.relative)) return undefined
    const reason = entry.error === undefined ? '' : `: ${reasonOf(entry.error)}`
    const error = loadFailed(uri, `${entry.message}${reason}.`, { reason: 'unreadable', cause: entry.error })
    return failure(uri, error, call)
  }
  const owner = sidecarOwner(entry.name)
  if (owner !== undefined && entry.siblings.has(owner)) return undefined
  const meant = owner ?? misnamedSidecarOwner(entry.name)
  const base = entry.relative.slice(0, entry.relative.length - entry.name.length)
  if (meant !== undefined) {
    if (!selects(base + meant) && !selects(entry.relative)) return undefined
    return failure(uri, misplacedSidecar(uri, meant, owner === undefined), call)
  }
  if (!selects(entry.relative)) return undefined
  const sidecarName = entry.name + SIDECAR_SUFFIX
  const sidecar = entry.siblings.has(sidecarName)
    ? join(entry.folder, sidecarName)
    : entry.linked
      ? await sidecarBeside(entry.path)
      : undefined
  return loadFile({ path: entry.path, id: entry.relative, uri, name: entry.name, sidecar }, settings, call)
}

function misplacedSidecar(uri: string, owner: string, misnamed: boolean): Error {
  return loadFailed(
    uri,
    misnamed
      ? `it looks like a renamed sidecar, and its values are not applied. Rename it to ${owner}${SIDECAR_SUFFIX}, or exclude it.`
      : `it is a sidecar, but there is no ${owner} beside it.`,
    { reason: 'sidecar' },
  )
}
