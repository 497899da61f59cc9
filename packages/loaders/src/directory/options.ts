import { checkInteger, invalid, type Metadata } from '@tesserae/core'
import picomatch from 'picomatch'
import { defaultFormats } from '../default-formats.js'
import type { Format } from '../format.js'

/** What a loader knows about a file before it is parsed. */
export interface FileInfo {
  /** Relative to the loaded folder, with forward slashes: the document's id. */
  readonly path: string
  /** What the document's `uri` will be. */
  readonly uri: string
  readonly name: string
  /** Lower case, with its dot; `''` for none. */
  readonly extension: string
  readonly bytes: number
  readonly modified: Date
}

export interface FileLoaderOptions {
  /** Formats tried in order by file name ending. @default Markdown, HTML, PDF, then text, each imported when first needed */
  readonly formats?: readonly Format[] | undefined
  /** Larger files are failures and are not read. @default 67108864 (64 MiB) */
  readonly maxFileBytes?: number | undefined
  /** Values laid over everything else: file facts, what the format found, the sidecar. @default none */
  readonly metadata?: ((file: FileInfo) => Metadata) | undefined
  /** Files without a `<name>.metadata.json` beside them are failures: for corpora whose access rules live there. @default false */
  readonly requireSidecar?: boolean | undefined
}

export interface DirectoryOptions extends FileLoaderOptions {
  /** Globs on the path relative to the folder; a file must match one. @default every file */
  readonly include?: readonly string[] | undefined
  /** Globs on the same path; a file or folder that matches one is left out. @default node_modules folders */
  readonly exclude?: readonly string[] | undefined
  /** Names of files with gitignore rules, honoured in each folder. `[]` honours none. @default '.gitignore', '.ignore' */
  readonly ignoreFiles?: readonly string[] | undefined
  /** Whether names that begin with a dot are loaded. @default false */
  readonly hidden?: boolean | undefined
  /** Whether links are followed; never out of the folder, never around a loop. @default false */
  readonly followSymlinks?: boolean | undefined
}

export interface FileLoaderSettings {
  readonly formats: readonly Format[]
  readonly maxFileBytes: number
  readonly metadata: ((file: FileInfo) => Metadata) | undefined
  readonly requireSidecar: boolean
}

export function fileLoaderSettings(options: FileLoaderOptions): FileLoaderSettings {
  if (options.formats !== undefined && options.formats.length === 0) {
    invalid('formats', 'a list of at least one format', options.formats)
  }
  if (options.metadata !== undefined && typeof options.metadata !== 'function') {
    invalid('metadata', 'a function of the file', options.metadata)
  }
  return {
    formats: options.formats ?? defaultFormats(),
    maxFileBytes: checkInteger('maxFileBytes', options.maxFileBytes ?? 64 * 1024 * 1024),
    metadata: options.metadata,
    requireSidecar: options.requireSidecar ?? false,
  }
}

/** Compiles globs once. `undefined` gives the fallback; an empty list matches nothing. */
export function globMatcher(
  argument: string,
  globs: readonly string[] | undefined,
  fallback: readonly string[],
): (path: string) => boolean {
  const list = globs ?? fallback
  if (!Array.isArray(list) || list.some((glob) => typeof glob !== 'string' || glob === '')) {
    invalid(argument, 'a list of globs that are not empty', globs)
  }
  if (list.length === 0) return () => false
  return picomatch([...list], { dot: true })
}
