import { invalid, ModelError } from '@tesserae/core'
import { brokenConnection, fieldOf, isPassing, retryAfterOf, sentence, shorten } from './model-error.js'
import { type Deadline, deadline } from './timeout.js'

export interface EndpointOptions {
  /** Where the service is, up to the part before `/embeddings` and the like. */
  readonly baseUrl?: string | undefined
  /** Sent as a bearer token. @default none */
  readonly apiKey?: string | undefined
  /** Sent with each request. @default none */
  readonly headers?: { readonly [name: string]: string } | undefined
  /** Time one request may take. @default 60_000 */
  readonly timeoutMs?: number | undefined
  /** Replaces the global `fetch`: a proxy, a recorder. @default fetch */
  readonly fetch?: typeof fetch | undefined
}

export interface Endpoint {
  readonly name: string
  readonly url: string
  readonly headers: Headers
  readonly timeoutMs: number
  readonly fetch: typeof fetch | undefined
}

export function endpointOf(
  name: string,
  options: EndpointOptions,
  defaultUrl: string,
  path: string,
  timeoutMs: number,
): Endpoint {
  const base = options.baseUrl ?? defaultUrl
  if (!/^https?:\/\/./.test(base)) invalid('baseUrl', 'an address that begins with http:// or https://', base)
  const headers = new Headers(options.headers)
  headers.set('content-type', 'application/json')
  headers.set('accept', 'application/json')
  if (options.apiKey !== undefined) headers.set('authorization', `Bearer ${options.apiKey}`)
  return { name, url: `${base.replace(/\/+$/, '')}${path}`, headers, timeoutMs, fetch: options.fetch }
}

/** Sends JSON and reads JSON. Throws `ModelError`, or the reason of an abort. */
export async function postJson(endpoint: Endpoint, body: object, signal?: AbortSignal): Promise<unknown> {
  return exchange(endpoint, body, signal, async (response) => {
    const text = await response.text()
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new ModelError(
        `${endpoint.name} answered with something that is not JSON: ${shorten(text).slice(0, 80)}`,
        { details: { status: response.status }, cause },
      )
    }
  })
}

/**
 * Sends JSON and reads server-sent events. `onData` gets each one's data and says whether it was the last; when
 * the stream ends without that, `isComplete` says whether enough has come.
 */
export async function postForEvents(
  endpoint: Endpoint,
  body: object,
  signal: AbortSignal | undefined,
  onData: (data: string) => 'more' | 'done',
  isComplete: () => boolean,
): Promise<void> {
  await exchange(endpoint, body, signal, async (response, limit) => {
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let buffer = ''
    let done = reader === undefined
    while (reader !== undefined && !done) {
      const { value, done: ended } = await reader.read()
      limit.restart()
      if (ended) break
      buffer += value
      // An event ends with a blank line; a line may end in CR, LF or both.
      for (let match = eventEnd.exec(buffer); match !== null && !done; match = eventEnd.exec(buffer)) {
        const event = buffer.slice(0, match.index)
        buffer = buffer.slice(match.index + match[0].length)
        const data = event
          .split(/\r\n|\n|\r/)
          .filter((line) => line.startsWith('data:'))
          .map((line) => line.slice(5).replace(/^ /, ''))
          .join('\n')
        if (data !== '') done = onData(data) === 'done'
      }
    }
    if (done) await reader?.cancel()
    if (!done && !isComplete()) {
      throw new ModelError(`${endpoint.name} ended its stream before the answer was complete.`, {
        retryable: true,
        details: { status: response.status },
      })
    }
  })
}

const eventEnd = /\r\n\r\n|\n\n|\r\r/

async function exchange<T>(
  endpoint: Endpoint,
  body: object,
  signal: AbortSignal | undefined,
  read: (response: Response, limit: Deadline) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const { name, url, headers, timeoutMs } = endpoint
  const limit = deadline(name, timeoutMs, signal)
  try {
    const response = await (endpoint.fetch ?? fetch)(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: limit.signal,
    })
    if (!response.ok) throw await refusal(name, response)
    return await read(response, limit)
  } catch (error) {
    if (limit.signal.aborted) throw limit.signal.reason
    if (error instanceof ModelError) throw error
    throw unreachable(name, url, error)
  } finally {
    limit.clear()
  }
}

function unreachable(name: string, url: string, cause: unknown): ModelError {
  const code = brokenConnection(cause)
  const why = code === undefined ? '' : ` (${code})`
  const { origin } = new URL(url)
  return new ModelError(
    `${name} could not be reached at ${origin}, or broke off its answer${why}. Check the address and that it is running.`,
    { retryable: true, details: { origin, code }, cause },
  )
}

const remedies: { readonly [status: number]: string } = {
  400: 'The request is not what this service expects; check the model and `parameters`.',
  401: 'Check the API key.',
  403: 'Check that this API key may use the model.',
  404: 'Check `baseUrl` and the name of the model.',
  413: 'Send smaller batches or shorter texts.',
  422: 'The request is not what this service expects; check the model and `parameters`.',
  429: 'Too many requests: use a rate limiter, or wait.',
}

async function refusal(name: string, response: Response): Promise<ModelError> {
  const { status } = response
  const text = await response.text().catch(() => '')
  const { message, code } = readProblem(text)
  // An account without money does not heal by waiting.
  const exhausted = code === 'insufficient_quota'
  const retryable = isPassing(status) && !exhausted
  const remedy = exhausted ? 'The account has no quota left.' : (remedies[status] ?? '')
  const said = message === '' ? '' : `: ${sentence(message)}`
  return new ModelError(`${name} answered ${status}${said || '.'}${remedy && ` ${remedy}`}`, {
    retryable,
    retryAfterMs: retryable ? retryAfterOf((header) => response.headers.get(header)) : undefined,
    details: { status, code },
  })
}

/** What services put into the body of an error: `{error: {message}}`, `{error}`, `{message}`, `{detail}`. */
function readProblem(text: string): { message: string; code: string | undefined } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { message: text.startsWith('<') ? '' : text, code: undefined }
  }
  const error = fieldOf(value, 'error')
  const code = fieldOf(error, 'code') ?? fieldOf(error, 'type') ?? fieldOf(value, 'code')
  const message = [
    fieldOf(error, 'message'),
    error,
    fieldOf(value, 'message'),
    fieldOf(value, 'detail'),
  ].find((candidate) => typeof candidate === 'string')
  return {
    message: typeof message === 'string' ? message : '',
    code: typeof code === 'string' ? code : undefined,
  }
}
