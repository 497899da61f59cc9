import { lstat } from 'node:fs/promises'
import { extname } from 'node:path'
import {
  type CallOptions,
  type Document,
  isAbort,
  isRagError,
  type Loaded,
  type Metadata,
  RagError,
} from '@tesserae/core'
import { formatFor } from '../default-formats.js'
import { loadFailed, parseDocument, reasonOf } from '../format.js'
import { checkMetadata } from '../metadata.js'
import type { FileInfo, FileLoaderSettings } from './options.js'
import { readRegularFile } from './read-file.js'
import { isSidecarContent, MAX_SIDECAR_BYTES, parseSidecar, SIDECAR_SUFFIX } from './sidecar.js'

export interface FileToLoad {
  /** Where to open the file. */
  readonly path: string
  readonly id: string
  readonly uri: string
  readonly name: string
  /** Where its sidecar lies; `undefined` when there is none. */
  readonly sidecar: string | undefined
}

/** Loads one file; whatever is wrong with it is a failure value. Only aborts are thrown. */
export async function loadFile(
  file: FileToLoad,
  settings: FileLoaderSettings,
  call: CallOptions,
): Promise<Loaded> {
  const started = performance.now()
  try {
    const document = await readDocument(file, settings, call)
    call.observer?.({
      type: 'load.document',
      source: 'loaders',
      milliseconds: performance.now() - started,
      counts: { characters: document.text.length, marks: document.marks.length },
      labels: { id: file.id },
    })
    return { type: 'document', document }
  } catch (error) {
    call.signal?.throwIfAborted()
    if (isAbort(error, call.signal)) throw error
    return failure(file.uri, error, call)
  }
}

/** A failure value, told to the observer too. */
export function failure(uri: string, error: unknown, call: CallOptions): Loaded {
  const typed = isRagError(error) ? error : loadFailed(uri, reasonOf(error), { cause: error })
  call.observer?.({ type: 'load.failure', source: 'loaders', labels: { uri, code: typed.code } })
  return { type: 'failure', uri, error: typed }
}

async function readDocument(
  file: FileToLoad,
  settings: FileLoaderSettings,
  call: CallOptions,
): Promise<Document> {
  const extension = extname(file.name).toLowerCase()
  const format = formatFor(settings.formats, extension)
  if (format === undefined) throw noFormat(file.uri, extension)
  // First, because without it the file may not be shown to anyone.
  const attributes = await sidecarMetadata(file, settings.requireSidecar, call)
  const { bytes, modified } = await readRegularFile(file.path, file.uri, {
    maxBytes: settings.maxFileBytes,
    signal: call.signal,
  })
  const info: FileInfo = {
    path: file.id,
    uri: file.uri,
    name: file.name,
    extension,
    bytes: bytes.length,
    modified,
  }
  const facts: Metadata = {
    filename: info.name,
    extension,
    bytes: info.bytes,
    modified: modified.toISOString(),
  }
  const given = settings.metadata === undefined ? {} : checkMetadata('metadata', settings.metadata(info))
  const metadata = { ...facts, ...attributes, ...given }
  const document = await parseDocument({ bytes, uri: file.uri }, { format, id: file.id, metadata, ...call })
  if (extension === '.json' && isSidecarContent(document.text)) {
    throw loadFailed(
      file.uri,
      `it only holds metadataAttributes, so it is a sidecar under a wrong name and not content. Name it after its file: <file name>${SIDECAR_SUFFIX}.`,
      { reason: 'sidecar' },
    )
  }
  return document
}

async function sidecarMetadata(
  file: FileToLoad,
  required: boolean,
  call: CallOptions,
): Promise<Metadata | undefined> {
  if (file.sidecar === undefined) {
    if (!required) return undefined
    throw loadFailed(
      file.uri,
      `there is no ${file.name}${SIDECAR_SUFFIX} beside it, and \`requireSidecar\` is set.`,
      { reason: 'sidecar' },
    )
  }
  try {
    const { bytes } = await readRegularFile(file.sidecar, file.uri, {
      maxBytes: MAX_SIDECAR_BYTES,
      signal: call.signal,
    })
    return parseSidecar(bytes, file.uri)
  } catch (error) {
    call.signal?.throwIfAborted()
    if (isRagError(error) && error.details.reason === 'sidecar') throw error
    throw loadFailed(
      file.uri,
      `its sidecar cannot be used (${reasonOf(error)}); it is not loaded without its metadata.`,
      { reason: 'sidecar', cause: error },
    )
  }
}

function noFormat(uri: string, extension: string): RagError {
  return new RagError(
    'unsupported',
    `${uri}: no format reads ${extension === '' ? 'names without an ending' : `${extension} files`}. Leave them out with \`exclude\`, or add a format for them to \`formats\`.`,
    { details: { uri, extension } },
  )
}

/** Path of the sidecar beside a file, when there is one. */
export async function sidecarBeside(path: string): Promise<string | undefined> {
  const sidecar = path + SIDECAR_SUFFIX
  try {
    await lstat(sidecar)
    return sidecar
  } catch (error) {
    // Anything but "not there" means there is one that cannot be used: reading it will say why.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : sidecar
  }
}
