import type { Worker } from 'node:worker_threads'
import { ModelError, onAbort, RagError } from '@tesserae/core'
import type { CrossEncoderSettings } from './cross-encoder-options.js'
import type { EmbedEngine, EmbedResult, TokenResult } from './embed-engine.js'
import { disposedError } from './embed-engine.js'
import type { EmbedderSettings } from './embedder-options.js'
import { errorOf, type Facts, type Job, type Reply, type Request } from './messages.js'
import type { ScoreEngine, ScoreResult } from './score-engine.js'

interface Waiting {
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

type Call = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never

/** A model in a thread of its own, as calls and answers. It keeps the process alive only while a call waits. */
class Thread<F extends Facts> {
  readonly facts: F
  readonly #worker: Worker
  readonly #name: string
  readonly #waiting = new Map<number, Waiting>()
  #next = 0
  #gone: Error | undefined

  constructor(worker: Worker, name: string, facts: F) {
    this.facts = facts
    this.#worker = worker
    this.#name = name
    worker.on('message', (reply: Reply) => this.#receive(reply))
    worker.on('error', (cause) => this.#leave(crash(name, cause)))
    worker.on('exit', () => this.#leave(crash(name, undefined)))
    worker.unref()
  }

  call<T>(call: Call, signal?: AbortSignal): Promise<T> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone)
    const id = this.#next++
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, {
        resolve: (value) => {
          unlisten()
          resolve(value)
        },
        reject: (error) => {
          unlisten()
          reject(error)
        },
      })
      const unlisten = onAbort(signal, () => {
        this.#settle(id)
        this.#worker.postMessage({ call: 'abort', id } satisfies Request)
        reject(signal?.reason)
      })
      this.#worker.ref()
      this.#worker.postMessage({ ...call, id })
    })
  }

  /** Lets running calls finish, frees the model and ends the thread. */
  async close(): Promise<void> {
    if (this.#gone !== undefined) return
    await this.call({ call: 'dispose' })
    this.#leave(disposedError(this.#name))
    await this.#worker.terminate()
  }

  #receive(reply: Reply): void {
    if (reply.type !== 'value' && reply.type !== 'error') return
    const waiting = this.#settle(reply.id)
    if (reply.type === 'error') waiting?.reject(errorOf(reply.error))
    else waiting?.resolve(reply.value as never)
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#worker.unref()
    return waiting
  }

  #leave(reason: Error): void {
    this.#gone ??= reason
    for (const { reject } of this.#waiting.values()) reject(this.#gone)
    this.#waiting.clear()
  }
}

function crash(name: string, cause: unknown): ModelError {
  return new ModelError(`The thread of the model "${name}" ended unexpectedly. Load the model again.`, {
    retryable: false,
    cause,
  })
}

async function start<F extends Facts>(job: Job): Promise<Thread<F>> {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads')
  if (threads === undefined) throw new RagError('unsupported', '`worker` needs Node.')
  const worker = new threads.Worker(new URL('./worker.js', import.meta.url), { workerData: job })
  const facts = await new Promise<F>((resolve, reject) => {
    worker.once('error', (cause) => reject(crash(job.settings.name, cause)))
    worker.once('message', (reply: Reply) => {
      if (reply.type === 'ready') resolve(reply.facts as F)
      else if (reply.type === 'refused') reject(errorOf(reply.error))
    })
  }).catch(async (error: unknown) => {
    await worker.terminate()
    throw error
  })
  worker.removeAllListeners('error')
  return new Thread(worker, job.settings.name, facts)
}

export async function embedEngineInThread(settings: EmbedderSettings): Promise<EmbedEngine> {
  const thread = await start<EmbedEngine['facts']>({ kind: 'embedder', settings })
  return {
    facts: thread.facts,
    embed: (texts, role, signal) => thread.call<EmbedResult>({ call: 'embed', texts, role }, signal),
    embedTokens: (texts, role, signal) =>
      thread.call<TokenResult>({ call: 'embedTokens', texts, role }, signal),
    countTokens: (texts) => thread.call<Uint32Array<ArrayBuffer>>({ call: 'countTokens', texts }),
    dispose: () => thread.close(),
  }
}

export async function scoreEngineInThread(settings: CrossEncoderSettings): Promise<ScoreEngine> {
  const thread = await start<ScoreEngine['facts']>({ kind: 'crossEncoder', settings })
  return {
    facts: thread.facts,
    score: (query, passages, signal) => thread.call<ScoreResult>({ call: 'score', query, passages }, signal),
    dispose: () => thread.close(),
  }
}
