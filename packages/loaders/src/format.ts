import {
  type CallOptions,
  type Document,
  invalid,
  isAbort,
  isRagError,
  type Mark,
  type Metadata,
  type OffsetMap,
  RagError,
} from '@tesserae/core'

/** Bytes to parse and where they came from: a file, an object in a bucket, an HTTP response. */
export interface FormatSource {
  readonly bytes: Uint8Array
  /** What messages and citations call this source: a path a user can open, or an URL. */
  readonly uri: string
  /** Character set told from outside, such as the `charset` of an HTTP header. A byte order mark wins over it. */
  readonly charset?: string | undefined
}

/** What a format makes of a source. Marks are sorted by start; any two nest or are disjoint. */
export interface ParsedSource {
  readonly text: string
  readonly marks: readonly Mark[]
  readonly metadata?: Metadata | undefined
  /**
   * Leads from the text to the decoded source (UTF-16, byte order mark removed), for formats whose text is not the
   * source itself but lies in it in order. It becomes the document's `origin`.
   */
  readonly origin?: OffsetMap | undefined
}

/** Turns bytes into canonical text and marks. Implement it to teach `directory` a new kind of file. */
export interface Format {
  readonly name: string
  /** Lower-case file name endings with their dot; `''` stands for names without one. */
  readonly extensions: readonly string[]
  /** Media types without parameters, for callers that have a content type instead of a file name. */
  readonly mediaTypes?: readonly string[] | undefined
  /** @throws RagError `load-failed` when the bytes cannot be read as this format; `unsupported` when a package is missing. */
  parse(source: FormatSource, options?: CallOptions): Promise<ParsedSource>
}

export interface ParseDocumentOptions extends CallOptions {
  readonly format: Format
  /** @default the source's uri */
  readonly id?: string | undefined
  /** Laid over what the format found; these values win. @default {} */
  readonly metadata?: Metadata | undefined
}

/**
 * Parses bytes from anywhere into a document.
 * @throws RagError `load-failed` for bytes that are not what the format expects, naming the source.
 */
export async function parseDocument(source: FormatSource, options: ParseDocumentOptions): Promise<Document> {
  const { format, metadata, ...call } = options
  if (!(source.bytes instanceof Uint8Array)) invalid('source.bytes', 'a Uint8Array', source.bytes)
  call.signal?.throwIfAborted()
  const parsed = await parseSafely(format, source, call)
  return {
    id: options.id ?? source.uri,
    text: parsed.text,
    marks: parsed.marks,
    metadata: { ...parsed.metadata, ...metadata },
    uri: source.uri,
    ...(parsed.origin === undefined ? {} : { origin: parsed.origin }),
  }
}

/** Whatever a format or the library below it throws leaves as a RagError, except aborts. */
async function parseSafely(format: Format, source: FormatSource, call: CallOptions): Promise<ParsedSource> {
  try {
    return await format.parse(source, call)
  } catch (error) {
    throw isRagError(error) || isAbort(error, call.signal)
      ? error
      : loadFailed(source.uri, `${format.name} could not be parsed: ${reasonOf(error)}`, { cause: error })
  }
}

/** The one shape of every "this file cannot be loaded": the file, the reason, a closed `reason` word for programs. */
export function loadFailed(
  uri: string,
  message: string,
  options: { readonly reason?: LoadFailure | undefined; readonly cause?: unknown } = {},
): RagError {
  return new RagError('load-failed', `${uri}: ${message}`, {
    details: { uri, reason: options.reason ?? 'malformed' },
    cause: options.cause,
  })
}

/** Value of `error.details.reason` on `load-failed` errors of this package. */
export type LoadFailure =
  | 'empty'
  | 'binary'
  | 'too-large'
  | 'unreadable'
  | 'malformed'
  | 'password'
  | 'timeout'
  | 'sidecar'
  | 'not-a-file'

/** One line that says what went wrong, without a stack. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const line = message.split('\n', 1)[0] ?? ''
  return line.length > 200 ? `${line.slice(0, 197)}...` : line
}
