export { type CachedFormatOptions, cachedFormat } from './cached-format.js'
export { defaultFormats } from './default-formats.js'
export {
  type DirectoryChange,
  type DirectoryOptions,
  directory,
  type FileInfo,
  type FileLoaderOptions,
  type FilesOptions,
  files,
  type WatchOptions,
  watchDirectory,
} from './directory/index.js'
export { type FolderCacheOptions, folderCache } from './folder-cache.js'
export {
  type Format,
  type FormatSource,
  type LoadFailure,
  type ParseDocumentOptions,
  type ParsedSource,
  parseDocument,
} from './format.js'
export { type TextFormatOptions, textFormat } from './text/index.js'
export { type TextInput, type TextsOptions, texts } from './texts.js'
