import { parentPort, workerData } from 'node:worker_threads'
import { type EmbedEngine, makeEmbedEngine } from './embed-engine.js'
import { type Job, plainError, type Reply, type Request } from './messages.js'
import { makeScoreEngine, type ScoreEngine } from './score-engine.js'

// Program of the worker thread: loads one model and answers calls, several at a time.

const job: Job = workerData
const running = new Map<number, AbortController>()

function send(reply: Reply, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(reply, [...transfer])
}

type Engine =
  | { readonly kind: 'embedder'; readonly engine: EmbedEngine }
  | { readonly kind: 'crossEncoder'; readonly engine: ScoreEngine }

async function make(): Promise<Engine> {
  return job.kind === 'embedder'
    ? { kind: job.kind, engine: await makeEmbedEngine(job.settings) }
    : { kind: job.kind, engine: await makeScoreEngine(job.settings) }
}

async function answer(made: Engine, request: Request): Promise<void> {
  if (request.call === 'abort') {
    running.get(request.id)?.abort()
    return
  }
  const { id } = request
  const controller = new AbortController()
  running.set(id, controller)
  try {
    if (request.call === 'dispose') {
      await made.engine.dispose()
      send({ type: 'value', id, value: undefined })
    } else if (made.kind === 'embedder' && request.call === 'embed') {
      const value = await made.engine.embed(request.texts, request.role, controller.signal)
      send({ type: 'value', id, value }, [value.vectors.buffer])
    } else if (made.kind === 'embedder' && request.call === 'embedTokens') {
      const value = await made.engine.embedTokens(request.texts, request.role, controller.signal)
      send({ type: 'value', id, value }, [value.vectors.buffer, value.counts.buffer])
    } else if (made.kind === 'embedder' && request.call === 'countTokens') {
      const value = await made.engine.countTokens(request.texts)
      send({ type: 'value', id, value }, [value.buffer])
    } else if (made.kind === 'crossEncoder' && request.call === 'score') {
      const value = await made.engine.score(request.query, request.passages, controller.signal)
      send({ type: 'value', id, value }, [value.scores.buffer])
    }
  } catch (error) {
    send({ type: 'error', id, error: plainError(error) })
  } finally {
    running.delete(id)
  }
}

make().then(
  (made) => {
    parentPort?.on('message', (request: Request) => void answer(made, request))
    send({ type: 'ready', facts: made.engine.facts })
  },
  (error: unknown) => send({ type: 'refused', error: plainError(error) }),
)
