import { isAbort, isRagError, ModelError, type RagError } from '@tesserae/core'

/** Statuses after which the same request may succeed: time-outs, conflicts, throttling, and the server's own trouble. */
const passing = new Set([408, 409, 425, 429, 500, 502, 503, 504, 529])

export function isPassing(status: number): boolean {
  return passing.has(status)
}

/** Codes of broken connections, as Node and its HTTP client give them. */
const broken = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_STREAM_CANCEL',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** Reads a field of something foreign without trusting its type. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/** The code of the first error in a chain of causes that has one of a broken connection. */
export function brokenConnection(error: unknown): string | undefined {
  let at = error
  for (let depth = 0; depth < 5 && at !== undefined && at !== null; depth++) {
    const code = fieldOf(at, 'code')
    if (typeof code === 'string' && broken.has(code)) return code
    at = fieldOf(at, 'cause')
  }
  return undefined
}

/** HTTP status that a foreign error carries, under the names that client libraries use. */
export function statusOf(error: unknown): number | undefined {
  for (const value of [
    fieldOf(error, 'status'),
    fieldOf(error, 'statusCode'),
    fieldOf(fieldOf(error, '$metadata'), 'httpStatusCode'),
    fieldOf(fieldOf(error, 'response'), 'status'),
  ]) {
    if (typeof value === 'number' && value >= 100 && value < 600) return value
  }
  return undefined
}

/**
 * Milliseconds that a service asks to wait, from `retry-after-ms`, or `retry-after` in seconds or as a date.
 * @param header reads a header by its lower-case name
 */
export function retryAfterOf(header: (name: string) => string | null | undefined): number | undefined {
  const exact = Number.parseFloat(header('retry-after-ms') ?? '')
  if (exact >= 0) return exact
  const after = header('retry-after')?.trim()
  if (after === undefined || after === '') return undefined
  const seconds = Number(after)
  if (seconds >= 0) return seconds * 1000
  const date = Date.parse(after)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

/** Headers of a foreign error, as a `Headers` object or a plain one. */
export function headersOf(error: unknown): (name: string) => string | null | undefined {
  const headers =
    fieldOf(error, 'headers') ??
    fieldOf(error, 'responseHeaders') ??
    fieldOf(fieldOf(error, '$response'), 'headers')
  return (name) => {
    const value = headers instanceof Headers ? headers.get(name) : fieldOf(headers, name)
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  }
}

/** What a service says went wrong, short enough for a message. */
export function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 300 ? `${line.slice(0, 297)}...` : line
}

/** A sentence, so that another can follow it. */
export function sentence(text: string): string {
  const short = shorten(text)
  return /[.!?]$/.test(short) || short === '' ? short : `${short}.`
}

/**
 * The error of someone else's client as one of this library; errors that already are, and aborts, pass through.
 * Whether a retry makes sense is read off its status, its own mark, or a broken connection.
 */
export function toModelError(name: string, error: unknown, signal?: AbortSignal): RagError {
  if (signal?.aborted) throw signal.reason
  if (isRagError(error)) return error
  if (isAbort(error)) throw error
  const status = statusOf(error)
  const marked = fieldOf(error, 'isRetryable')
  const retryable =
    typeof marked === 'boolean'
      ? marked
      : status === undefined
        ? brokenConnection(error) !== undefined
        : isPassing(status)
  const message = error instanceof Error ? error.message : String(error)
  const answered = status === undefined ? 'failed' : `answered ${status}`
  return new ModelError(`${name} ${answered}: ${sentence(message)}`, {
    retryable,
    retryAfterMs: retryable ? retryAfterOf(headersOf(error)) : undefined,
    details: { status },
    cause: error,
  })
}
