import { type Message, packHits } from './messages.js'
import { openIndex } from './open-index.js'

/** The program of a thread: answers `open` and `search` messages in the order they come. */

type Received = Message & { readonly job: number }
type Port = { post(reply: object): void; listen(receive: (message: Received) => void): void }

function portOf(): Port | undefined {
  const node = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:worker_threads')
  const parent = node?.parentPort
  if (parent) {
    return {
      post: (reply) => parent.postMessage(reply),
      listen: (receive) => parent.on('message', receive),
    }
  }
  if (!('WorkerGlobalScope' in globalThis)) return undefined
  return {
    post: (reply) => globalThis.postMessage(reply),
    listen: (receive) =>
      globalThis.addEventListener('message', (event) => receive((event as MessageEvent<Received>).data)),
  }
}

const port = portOf()
let search: ReturnType<typeof openIndex> | undefined

function answer(message: Message): unknown {
  if (message.type === 'open') {
    search = openIndex(message.image, message.thread)
    return true
  }
  if (search === undefined) throw new Error('no index was opened')
  return packHits(search(message.task))
}

port?.listen((message) => {
  const { job } = message
  try {
    port.post({ job, answer: answer(message) })
  } catch (error) {
    port.post({ job, error: error instanceof Error ? error.message : String(error) })
  }
})
