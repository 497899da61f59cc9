/** A thread that answers messages one after the other. */
export interface Thread {
  /** Once it has failed every call rejects. */
  readonly failed: boolean
  /** The answer to a message. Rejects when the thread fails or the message cannot be sent. */
  ask(message: object): Promise<unknown>
  /** Ends it at once; what it was asked is rejected. */
  stop(): void
}

/** What a thread is made of, in Node and in browsers. */
interface Host {
  post(message: object): void
  stop(): void
  /** Whether it keeps the process alive. */
  hold(held: boolean): void
}

interface Reply {
  readonly job: number
  readonly answer?: unknown
  readonly error?: string
}

type Listener = { readonly reply: (reply: Reply) => void; readonly fail: (reason: Error) => void }

/** Most threads of one index when their number is not said. */
const mostThreads = 8

/** Node's threads, without an import that bundles for browsers would stumble over. */
function nodeModule<T>(name: 'node:worker_threads' | 'node:os'): T | undefined {
  if (typeof process === 'undefined' || typeof process.getBuiltinModule !== 'function') return undefined
  return process.getBuiltinModule(name) as T | undefined
}

/**
 * Whether threads can read the memory of this one: SharedArrayBuffer is there (in browsers only with cross-origin
 * isolation) and so are threads.
 */
export function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer !== 'function' || typeof WebAssembly !== 'object') return false
  if (globalThis.crossOriginIsolated === false) return false
  return typeof Worker === 'function' || nodeModule('node:worker_threads') !== undefined
}

export function defaultThreads(): number {
  const os = nodeModule<typeof import('node:os')>('node:os')
  const cores = os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1
  return Math.max(1, Math.min(mostThreads, cores))
}

/** A thread of the program in `worker.js` beside this file. It starts at once and never keeps the process alive by being there. */
export function startThread(): Thread {
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(reason: unknown): void }>()
  let jobs = 0
  let failure: Error | undefined
  const fail = (reason: Error) => {
    failure ??= reason
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
    host.stop()
  }
  const host = startHost({
    reply({ job, answer, error }) {
      const call = waiting.get(job)
      waiting.delete(job)
      if (waiting.size === 0) host.hold(false)
      if (error === undefined) call?.resolve(answer)
      else call?.reject(new Error(error))
    },
    fail,
  })
  host.hold(false)
  return {
    get failed() {
      return failure !== undefined
    },
    ask: (message) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure)
          return
        }
        const job = jobs++
        waiting.set(job, { resolve, reject })
        host.hold(true)
        try {
          host.post({ ...message, job })
        } catch (error) {
          waiting.delete(job)
          reject(error)
        }
      }),
    stop: () => fail(new Error('the thread was stopped')),
  }
}

function startHost({ reply, fail }: Listener): Host {
  const node = nodeModule<typeof import('node:worker_threads')>('node:worker_threads')
  if (node !== undefined) {
    const worker = new node.Worker(new URL('./worker.js', import.meta.url), { execArgv: [] })
    worker.on('message', reply)
    worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', () => fail(new Error('the thread ended')))
    return {
      post: (message) => worker.postMessage(message),
      stop: () => void worker.terminate(),
      hold: (held) => (held ? worker.ref() : worker.unref()),
    }
  }
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  worker.addEventListener('message', (event: MessageEvent<Reply>) => reply(event.data))
  worker.addEventListener('error', (event) => fail(new Error(event.message)))
  worker.addEventListener('messageerror', () => fail(new Error('a message could not be read')))
  return {
    post: (message) => worker.postMessage(message),
    stop: () => worker.terminate(),
    hold: () => undefined,
  }
}
