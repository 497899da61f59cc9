import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo } from 'node:net'

/** What the server got: method, path, headers and the parsed body. */
export interface Received {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

/** What it does about one request. */
export type Answer =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly json: unknown }
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly text: string }
  /** Server-sent events; `cut` breaks the connection after them. */
  | { readonly events: readonly string[]; readonly cut?: boolean }
  /** Sends the beginning of a body and breaks the connection. */
  | { readonly cutBody: string }
  /** Never answers. */
  | 'silence'
  /** Accepts the request and breaks the connection. */
  | 'hangUp'

export interface TestServer {
  readonly url: string
  readonly received: Received[]
  /** Requests whose connection the client has closed before an answer. */
  readonly left: () => number
  /** What to do from now on: the same for each request, or one answer after the other, the last one repeated. */
  answer(...answers: readonly (Answer | ((request: Received) => Answer))[]): void
  close(): Promise<void>
}

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

/** A service over real HTTP that answers as it is told; in version 2 of the protocol for clients that speak it. */
export async function testServer(version: 1 | 2 = 1): Promise<TestServer> {
  const received: Received[] = []
  let queue: (Answer | ((request: Received) => Answer))[] = []
  let left = 0
  const sessions = new Set<ServerHttp2Session>()
  const handle = (request: Request, response: Response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const entry: Received = {
        path: request.url ?? '',
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
      }
      received.push(entry)
      const next = queue.length > 1 ? queue.shift() : queue[0]
      if (next === undefined) throw new Error('The test server has no answer.')
      respond(response, typeof next === 'function' ? next(entry) : next)
    })
    response.on('close', () => {
      if (!response.writableEnded) left += 1
    })
  }
  const server =
    version === 1
      ? createServer(handle)
      : createHttp2Server(handle).on('session', (session) => sessions.add(session))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    left: () => left,
    answer(...answers) {
      queue = [...answers]
      received.length = 0
      left = 0
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
        for (const session of sessions) session.destroy()
      }),
  }
}

/** Sends this much and breaks the connection. */
function write(response: Response, text: string): void {
  const then = () => setTimeout(() => hangUp(response), 5)
  if ('stream' in response) response.stream.write(text, then)
  else response.write(text, then)
}

/** Breaks the connection: the whole of it in version 1, the stream in version 2. */
function hangUp(response: Response): void {
  if ('stream' in response) response.stream.close(2)
  else response.destroy()
}

function respond(response: Response, answer: Answer): void {
  if (answer === 'silence') return
  if (answer === 'hangUp') {
    hangUp(response)
    return
  }
  if ('cutBody' in answer) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100000' })
    write(response, answer.cutBody)
    return
  }
  if ('events' in answer) {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const text = answer.events.map((data) => `data: ${data}\n\n`).join('')
    if (answer.cut) write(response, text)
    else response.end(text)
    return
  }
  const body = 'json' in answer ? JSON.stringify(answer.json) : answer.text
  response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
  response.end(body)
}
