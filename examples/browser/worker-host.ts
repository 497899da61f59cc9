import { fetchBytes, type KnowledgeBase, openKnowledgeBase } from './knowledge-base.js'
import type { Port, Request, Results } from './messages.js'

/** Answers the requests that come in at a port with a knowledge base of its own. */
export function serveKnowledgeBase(port: Port): void {
  /** The first request opens it; those that come in meanwhile wait for it. */
  let base: Promise<KnowledgeBase> | undefined
  const running = new Map<number, AbortController>()

  async function open(request: Request & { type: 'open' }, signal: AbortSignal): Promise<KnowledgeBase> {
    const table = await fetchBytes(request.table, signal)
    return openKnowledgeBase({ table, backend: request.backend })
  }

  async function answer(
    request: Exclude<Request, { type: 'abort' }>,
    signal: AbortSignal,
  ): Promise<Results[keyof Results]> {
    if (request.type === 'open') {
      base = open(request, signal)
      const { backend } = await base
      return { backend }
    }
    if (base === undefined) throw new Error('The knowledge base must be opened first.')
    const { add, search } = await base
    if (request.type === 'search') return search(request.question, { limit: request.limit, signal })
    return add(request.files, {
      signal,
      onProgress: (progress) => port.postMessage({ type: 'progress', id: request.id, progress }),
    })
  }

  port.addEventListener('message', async ({ data }: { readonly data: Request }) => {
    const { id } = data
    if (data.type === 'abort') {
      running.get(id)?.abort()
      return
    }
    const controller = new AbortController()
    running.set(id, controller)
    try {
      port.postMessage({ type: 'result', id, value: await answer(data, controller.signal) })
    } catch (error) {
      port.postMessage({
        type: 'failure',
        id,
        message: error instanceof Error ? error.message : String(error),
      })
    } finally {
      running.delete(id)
    }
  })
}
