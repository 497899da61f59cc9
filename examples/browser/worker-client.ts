import type { IngestProgress } from '@tesserae/core'
import type { KnowledgeBase } from './knowledge-base.js'
import type { Port, Request, Response, Results } from './messages.js'

export interface ConnectOptions {
  /** Address of the table of static embeddings, absolute: a worker has an address of its own. */
  readonly table: string
  /** @default 'auto' */
  readonly backend?: 'auto' | 'typescript' | undefined
  readonly signal?: AbortSignal | undefined
}

interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined
}

interface Pending {
  resolve(value: Results[keyof Results]): void
  reject(error: unknown): void
  progress(progress: IngestProgress): void
}

/** The knowledge base behind a port: the page stays free while a worker works. */
export async function connectKnowledgeBase(port: Port, options: ConnectOptions): Promise<KnowledgeBase> {
  const pending = new Map<number, Pending>()
  let last = 0

  port.addEventListener('message', ({ data }: { readonly data: Response }) => {
    const call = pending.get(data.id)
    // An answer to a call that was aborted meanwhile: nobody waits for it.
    if (call === undefined) return
    if (data.type === 'progress') {
      call.progress(data.progress)
      return
    }
    pending.delete(data.id)
    if (data.type === 'result') call.resolve(data.value)
    else call.reject(new Error(data.message))
  })

  function call<T extends keyof Results>(
    ask: (id: number) => Request & { type: T },
    { signal, onProgress }: CallOptions,
  ): Promise<Results[T]> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const id = ++last
      const abort = () => {
        pending.delete(id)
        port.postMessage({ type: 'abort', id })
        reject(signal?.reason)
      }
      const settled = () => signal?.removeEventListener('abort', abort)
      signal?.addEventListener('abort', abort, { once: true })
      pending.set(id, {
        resolve: (value) => {
          settled()
          resolve(value as Results[T])
        },
        reject: (error) => {
          settled()
          reject(error)
        },
        progress: (progress) => onProgress?.(progress),
      })
      port.postMessage(ask(id))
    })
  }

  const { table, backend = 'auto', signal } = options
  const opened = await call<'open'>((id) => ({ type: 'open', id, table, backend }), { signal })
  return {
    backend: opened.backend,
    add: (files, options = {}) => call<'add'>((id) => ({ type: 'add', id, files }), options),
    search: (question, { limit, signal } = {}) =>
      call<'search'>((id) => ({ type: 'search', id, question, limit }), { signal }),
  }
}
