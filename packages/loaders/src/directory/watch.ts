import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type CallOptions,
  checkInteger,
  type Document,
  delay,
  onAbort,
  type RagError,
  tell,
} from '@tesserae/core'
import { type Folder, folderError, openFolder } from './folder.js'
import type { DirectoryOptions } from './options.js'
import { SIDECAR_SUFFIX } from './sidecar.js'
import type { WalkEntry } from './walk.js'

export interface WatchOptions extends DirectoryOptions, CallOptions {
  /** Whether the files that are there at the start come as changes too. @default true */
  readonly initial?: boolean | undefined
  /** A file is read, or told to be gone, when nothing happened to it for so long. @default 200 */
  readonly settleMs?: number | undefined
  /** The folder is looked through this often even when the system tells of no change: network disks do not. @default 30000 */
  readonly rescanMs?: number | undefined
}

/** What happened in the folder. `failure`: the file cannot be loaded; what was loaded of it before stays. */
export type DirectoryChange =
  | { readonly type: 'upsert'; readonly documentId: string; readonly document: Document }
  | { readonly type: 'remove'; readonly documentId: string }
  | { readonly type: 'failure'; readonly uri: string; readonly error: RagError }

/** A file that changes without a pause is read all the same after so many times `settleMs`. */
const patience = 25

/** What is known of a path. */
interface Known {
  readonly signature: string
  /** A document was told of. */
  readonly told: boolean
}

/** A change that was seen and is not told yet. */
interface Unsettled {
  /** `undefined`: the path is gone. */
  readonly signature: string | undefined
  readonly since: number
  readonly first: number
}

/**
 * Documents of a folder as they come, change and go, with the ids and the rules of `directory`. Ends only with the
 * signal's reason, when the loop is left, or when the folder itself can no longer be read (`load-failed`; nothing
 * is told to be removed then).
 *
 * The system's notices only say when to look; what changed is found by comparing sizes and times, so that lost,
 * doubled and misleading notices do no harm. What was deleted while nobody watched is not known here: `sync` first.
 * @throws RagError `invalid-argument` for bad options at once.
 */
export function watchDirectory(path: string, options: WatchOptions = {}): AsyncGenerator<DirectoryChange> {
  const folder = openFolder(path, options)
  const settings = {
    initial: options.initial ?? true,
    settleMs: checkInteger('settleMs', options.settleMs ?? 200, 0, 2_147_483_647),
    rescanMs: checkInteger('rescanMs', options.rescanMs ?? 30_000, 1, 2_147_483_647),
    signal: options.signal,
    observer: options.observer,
  }
  return changes(path, folder, settings)
}

interface Settings extends CallOptions {
  readonly initial: boolean
  readonly settleMs: number
  readonly rescanMs: number
}

async function* changes(path: string, folder: Folder, settings: Settings): AsyncGenerator<DirectoryChange> {
  const { signal, observer, settleMs, rescanMs } = settings
  const call = { signal, observer }
  const known = new Map<string, Known>()
  const unsettled = new Map<string, Unsettled>()
  const notices = folderNotices((error) => {
    tell(observer, {
      type: 'watch.degraded',
      source: path,
      labels: { code: String(error.code ?? error.name) },
    })
  })
  try {
    for (let first = true; ; first = false) {
      signal?.throwIfAborted()
      const started = performance.now()
      const seen = await scan(path, folder, signal, notices)
      for (const [relative, { entry, signature }] of seen.files) {
        if (first && !settings.initial) {
          known.set(relative, { signature, told: folder.isContent(entry) })
          continue
        }
        if (!isDue(relative, signature, first ? 0 : settleMs)) continue
        // Before it is read: what happens to it from here on is the next change.
        const told = known.get(relative)?.told ?? false
        known.set(relative, { signature, told })
        const loaded = await folder.load(entry, call)
        if (loaded?.type === 'document') {
          known.set(relative, { signature, told: true })
          yield { type: 'upsert', documentId: loaded.document.id, document: loaded.document }
        } else if (loaded !== undefined) yield loaded
      }
      for (const [relative, { told }] of [...known]) {
        if (seen.files.has(relative) || seen.isUnreadable(relative)) continue
        if (!isDue(relative, undefined, settleMs)) continue
        known.delete(relative)
        if (told) yield { type: 'remove', documentId: relative }
      }
      for (const relative of [...unsettled.keys()]) {
        if (!seen.files.has(relative) && !known.has(relative)) unsettled.delete(relative)
      }
      tell(observer, {
        type: 'watch.scan',
        source: path,
        milliseconds: performance.now() - started,
        counts: { files: seen.files.size, unsettled: unsettled.size },
      })
      if (await notices.wait(unsettled.size > 0 ? settleMs : rescanMs, signal)) await delay(settleMs, signal)
    }
  } finally {
    notices.close()
  }

  /** Whether a path is not as it is known, and has been at rest for so long. */
  function isDue(relative: string, signature: string | undefined, restMs: number): boolean {
    if (known.get(relative)?.signature === signature) {
      unsettled.delete(relative)
      return false
    }
    const now = performance.now()
    const before = unsettled.get(relative)
    const same = before !== undefined && before.signature === signature
    const state = { signature, since: same ? before.since : now, first: before?.first ?? now }
    if (now - state.since >= restMs || now - state.first >= patience * restMs) {
      unsettled.delete(relative)
      return true
    }
    unsettled.set(relative, state)
    return false
  }
}

/** Everything in the folder, with what tells a change; and the folders in it that could not be read. */
async function scan(path: string, folder: Folder, signal: AbortSignal | undefined, notices: FolderNotices) {
  const files = new Map<string, { readonly entry: WalkEntry; readonly signature: string }>()
  const unreadable: string[] = []
  const folders = new Set<string>()
  try {
    for await (const entry of folder.entries(signal, (found) => {
      folders.add(found)
      // Before it is listed, so that nothing that happens after the listing goes unnoticed.
      notices.add(found)
    })) {
      if (entry.type === 'problem') unreadable.push(`${entry.relative}/`)
      const signature = entry.type === 'problem' ? entry.message : await signatureOf(entry)
      if (signature !== undefined) files.set(entry.relative, { entry, signature })
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw folderError(path, error)
  }
  notices.keepOnly(folders)
  const isUnreadable = (relative: string) => unreadable.some((start) => relative.startsWith(start))
  return { files, isUnreadable }
}

/** Changes whenever the file or its sidecar does; `undefined` when it is gone already. */
async function signatureOf(entry: Extract<WalkEntry, { type: 'file' }>): Promise<string | undefined> {
  const own = await facts(entry.path)
  if (own === undefined) return undefined
  const name = entry.name + SIDECAR_SUFFIX
  if (entry.siblings.has(name)) return `${own} ${await facts(join(entry.folder, name))}`
  return entry.linked ? `${own} ${await facts(entry.path + SIDECAR_SUFFIX)}` : own
}

async function facts(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found && [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':')
}

interface FolderNotices {
  add(path: string): void
  /** Stops watching all other folders. */
  keepOnly(paths: ReadonlySet<string>): void
  /** True as soon as there is a notice, false after so many milliseconds without one. */
  wait(milliseconds: number, signal: AbortSignal | undefined): Promise<boolean>
  close(): void
}

/** Notices of the system for a changing set of folders. */
function folderNotices(onError: (error: NodeJS.ErrnoException) => void): FolderNotices {
  const watchers = new Map<string, FSWatcher>()
  /** Folders that the system would not watch: not asked again. */
  const refused = new Set<string>()
  let noticed = false
  let wake = () => {}
  const notice = () => {
    noticed = true
    wake()
  }
  const stop = (path: string) => {
    watchers.get(path)?.close()
    watchers.delete(path)
  }
  const refuse = (path: string, error: unknown) => {
    stop(path)
    // A folder that is gone is no loss; its parent tells of it.
    const typed: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error))
    if (typed.code === 'ENOENT' || refused.has(path)) return
    refused.add(path)
    onError(typed)
  }
  return {
    add(path) {
      if (watchers.has(path) || refused.has(path)) return
      try {
        const watcher = watch(path, notice)
        watcher.on('error', (error) => refuse(path, error))
        watchers.set(path, watcher)
      } catch (error) {
        refuse(path, error)
      }
    },
    keepOnly(paths) {
      for (const path of [...watchers.keys()]) if (!paths.has(path)) stop(path)
    },
    async wait(milliseconds, signal) {
      signal?.throwIfAborted()
      if (!noticed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(() => done(), milliseconds)
          const done = () => {
            clearTimeout(timer)
            unlisten()
            resolve()
          }
          wake = done
          const unlisten = onAbort(signal, done)
        })
      }
      signal?.throwIfAborted()
      const was = noticed
      noticed = false
      return was
    },
    close() {
      for (const path of [...watchers.keys()]) stop(path)
    },
  }
}
