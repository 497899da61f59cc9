import type { Dirent } from 'node:fs'
import { lstat, opendir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { type IgnoreRules, isIgnored, rulesOf } from './ignore-rules.js'

/** A regular file met on the walk, or something that is reported instead of being read. */
export type WalkEntry =
  | {
      readonly type: 'file'
      /** Where to open it: links resolved. */
      readonly path: string
      /** Relative to the root, forward slashes. */
      readonly relative: string
      readonly name: string
      /** The folder that lists it. */
      readonly folder: string
      /** Reached through a link: `path` lies elsewhere. */
      readonly linked: boolean
      /** Names in the same folder, to find sidecars. */
      readonly siblings: ReadonlySet<string>
    }
  | {
      readonly type: 'problem'
      readonly relative: string
      readonly message: string
      readonly error?: unknown
    }

export interface WalkOptions {
  readonly hidden: boolean
  readonly followSymlinks: boolean
  readonly ignoreFiles: readonly string[]
  /** Whether a folder may be skipped as a whole. */
  readonly prunes: (relative: string) => boolean
  /** Told the real path of each folder before it is listed. */
  readonly onFolder?: ((path: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

interface Folder {
  readonly path: string
  readonly relative: string
  readonly rules: IgnoreRules | undefined
  /** Real paths of this folder and those it was reached through: a link to one of them is a loop. */
  readonly trail: readonly string[]
}

/**
 * Regular files below a folder, depth first, in code unit order of their names: the same tree gives the
 * same sequence everywhere. FIFOs, sockets and devices are passed over. One folder listing is held per level.
 */
export async function* walk(root: string, options: WalkOptions): AsyncGenerator<WalkEntry> {
  const real = await realpath(root)
  yield* walkFolder({ path: real, relative: '', rules: undefined, trail: [real] }, real, options)
}

async function* walkFolder(folder: Folder, root: string, options: WalkOptions): AsyncGenerator<WalkEntry> {
  options.signal?.throwIfAborted()
  options.onFolder?.(folder.path)
  let entries: Dirent[]
  try {
    entries = await list(folder.path, options.signal)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (folder.relative === '') throw error
    yield { type: 'problem', relative: folder.relative, message: 'the folder cannot be read', error }
    return
  }
  const names = entries.map((entry) => entry.name)
  const base = folder.relative === '' ? '' : `${folder.relative}/`
  const rules = await rulesOf(folder.path, base, names, options.ignoreFiles, folder.rules)
  const siblings = new Set(names)
  for (const entry of entries) {
    options.signal?.throwIfAborted()
    if (!options.hidden && entry.name.startsWith('.')) continue
    const relative = base + entry.name
    const target = entry.isSymbolicLink()
      ? await followed(folder, entry.name, relative, root, options)
      : await plainTarget(folder, entry)
    if (target === undefined) continue
    if (target.type === 'problem') {
      if (!isIgnored(rules, relative, false)) yield target
    } else if (isIgnored(rules, relative, target.type === 'folder')) {
      // Left out by the user's own rules.
    } else if (target.type === 'folder') {
      if (options.prunes(relative)) continue
      yield* walkFolder(
        { path: target.path, relative, rules, trail: [...folder.trail, target.path] },
        root,
        options,
      )
    } else {
      const linked = entry.isSymbolicLink()
      yield {
        type: 'file',
        path: target.path,
        relative,
        name: entry.name,
        folder: folder.path,
        linked,
        siblings,
      }
    }
  }
}

async function list(path: string, signal: AbortSignal | undefined): Promise<Dirent[]> {
  const entries: Dirent[] = []
  for await (const entry of await opendir(path)) {
    if ((entries.length & 1023) === 0) signal?.throwIfAborted()
    entries.push(entry)
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

type Target =
  | { readonly type: 'folder' | 'file'; readonly path: string }
  | Extract<WalkEntry, { type: 'problem' }>

async function plainTarget(folder: Folder, entry: Dirent): Promise<Target | undefined> {
  const path = join(folder.path, entry.name)
  if (entry.isDirectory()) return { type: 'folder', path }
  if (entry.isFile()) return { type: 'file', path }
  if (entry.isFIFO() || entry.isSocket() || entry.isBlockDevice() || entry.isCharacterDevice())
    return undefined
  // Some file systems do not say what an entry is when they list it.
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.isDirectory()) return { type: 'folder', path }
  return stats?.isFile() ? { type: 'file', path } : undefined
}

/** Where a link leads, if links are followed and it stays inside the root and does not lead back to its own folders. */
async function followed(
  folder: Folder,
  name: string,
  relative: string,
  root: string,
  options: WalkOptions,
): Promise<Target | undefined> {
  if (!options.followSymlinks) return undefined
  let path: string
  let isFolder: boolean
  try {
    path = await realpath(join(folder.path, name))
    const stats = await stat(path)
    if (!stats.isDirectory() && !stats.isFile()) return undefined
    isFolder = stats.isDirectory()
  } catch (error) {
    return { type: 'problem', relative, message: 'the link leads nowhere', error }
  }
  if (path !== root && !path.startsWith(root.endsWith(sep) ? root : root + sep)) {
    return { type: 'problem', relative, message: 'the link leads out of the folder that is loaded' }
  }
  if (isFolder && folder.trail.includes(path)) {
    return { type: 'problem', relative, message: 'the link leads back to a folder it lies in' }
  }
  return { type: isFolder ? 'folder' : 'file', path }
}
