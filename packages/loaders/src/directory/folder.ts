import { join, sep } from 'node:path'
import { type CallOptions, invalid, type Loaded } from '@tesserae/core'
import { loadFailed, reasonOf } from '../format.js'
import { failure, loadFile, sidecarBeside } from './load-file.js'
import { type DirectoryOptions, type FileLoaderSettings, fileLoaderSettings, globMatcher } from './options.js'
import { isSystemError } from './read-file.js'
import { misnamedSidecarOwner, SIDECAR_SUFFIX, sidecarOwner } from './sidecar.js'
import { type WalkEntry, walk } from './walk.js'

/** A folder as the options show it: what lies in it, and how each entry is loaded. */
export interface Folder {
  /** Everything the walk meets, selected or not: sidecars are entries too. */
  entries(signal: AbortSignal | undefined, onFolder?: (path: string) => void): AsyncIterable<WalkEntry>
  /** Whether the entry is a file that the options select, and no sidecar. */
  isContent(entry: WalkEntry): boolean
  /** `undefined` when there is nothing to report: left out by the globs, or a sidecar in its place. */
  load(entry: WalkEntry, call: CallOptions): Promise<Loaded | undefined>
}

/** Checks the options once. */
export function openFolder(path: string, options: DirectoryOptions): Folder {
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
    entries: (signal, onFolder) => walk(path, { ...walkOptions, signal, onFolder }),
    isContent: (entry) =>
      entry.type === 'file' &&
      sidecarOwner(entry.name) === undefined &&
      misnamedSidecarOwner(entry.name) === undefined &&
      selects(entry.relative),
    load: (entry, call) => loadEntry(entry, settings, selects, uriOf, call),
  }
}

/** What reading the folder itself threw, in words. */
export function folderError(path: string, error: unknown): unknown {
  if (!isSystemError(error)) return error
  return loadFailed(path, `the folder cannot be read: ${reasonOf(error)}`, {
    reason: 'unreadable',
    cause: error,
  })
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
