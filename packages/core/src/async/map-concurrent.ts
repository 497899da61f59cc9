import { checkInteger } from '../check.js'
import { linkedController } from './signals.js'

export interface MapConcurrentOptions {
  /**
   * Items taken from the source and not yet handed out: running, or finished and waiting for the consumer.
   * @default 4
   */
  readonly concurrency?: number | undefined
  /** Results in the order of the source (true) or as they finish (false). @default true */
  readonly ordered?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

interface Slot<R> {
  state: 'running' | 'done' | 'failed'
  value?: R
  error?: unknown
}

/**
 * Maps a stream with a sliding window of running calls. The source is pulled one item at a time and never
 * further than `concurrency` ahead of the consumer, so a slow consumer slows the source down.
 *
 * A failing call ends the stream: nothing more is pulled, the signal given to the running calls aborts,
 * and once they have settled the error is thrown; with `ordered`, after every result that precedes it.
 * An aborted `signal` or an early `return()` (`break`) ends it the same way. The source is always closed.
 *
 * @param fn gets the item, its place in the source, and a signal that aborts when its result is no longer wanted.
 */
export function mapConcurrent<T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  fn: (item: T, index: number, signal: AbortSignal) => Promise<R> | R,
  options: MapConcurrentOptions = {},
): AsyncGenerator<R, void, undefined> {
  const concurrency = checkInteger('concurrency', options.concurrency ?? 4)
  return run(source, fn, concurrency, options.ordered ?? true, options.signal)
}

async function* run<T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  fn: (item: T, index: number, signal: AbortSignal) => Promise<R> | R,
  concurrency: number,
  ordered: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<R, void, undefined> {
  signal?.throwIfAborted()
  const iterator = iteratorOf(source)
  const stop = linkedController(signal)
  /** In the order of the source when ordered, of completion otherwise. */
  const ready: Slot<R>[] = []
  const running = new Set<Promise<void>>()
  let taken = 0
  let held = 0
  let pulling = false
  /** Nothing more is to be pulled. */
  let ended = false
  /** The source said so itself, by ending or by throwing; otherwise it has to be closed. */
  let sourceDone = false
  let sourceError: { readonly error: unknown } | undefined
  let wake = () => {}

  const start = (item: T) => {
    const slot: Slot<R> = { state: 'running' }
    const index = taken++
    if (ordered) ready.push(slot)
    const work = async () => {
      try {
        slot.value = await fn(item, index, stop.signal)
        slot.state = 'done'
      } catch (error) {
        slot.error = error
        slot.state = 'failed'
        ended = true
      }
      if (!ordered) ready.push(slot)
    }
    const call: Promise<void> = work().then(() => {
      running.delete(call)
      wake()
    })
    running.add(call)
  }

  // Driven by completions, not by the consumer: the window stays full while the consumer is busy.
  const pull = () => {
    if (pulling || ended || held >= concurrency || stop.signal.aborted) return
    pulling = true
    held += 1
    iterator.next().then(
      (result) => {
        pulling = false
        if (result.done) {
          ended = true
          sourceDone = true
          held -= 1
        } else if (ended || stop.signal.aborted) {
          held -= 1
        } else {
          start(result.value)
          pull()
        }
        wake()
      },
      (error: unknown) => {
        pulling = false
        held -= 1
        ended = true
        sourceDone = true
        sourceError = { error }
        wake()
      },
    )
  }

  const onAbort = () => wake()
  stop.signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      signal?.throwIfAborted()
      pull()
      const next = ready[0]
      if (next !== undefined && next.state !== 'running') {
        ready.shift()
        held -= 1
        if (next.state === 'failed') throw next.error
        pull()
        yield next.value as R
      } else if (ready.length === 0 && running.size === 0 && ended && !pulling) {
        if (sourceError !== undefined) throw sourceError.error
        return
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    ended = true
    stop.signal.removeEventListener('abort', onAbort)
    stop.unlink()
    if (running.size > 0 || pulling) stop.abort(signal?.aborted ? signal.reason : closed())
    await Promise.all(running)
    if (!sourceDone) await close(iterator, pulling)
  }
}

/** What running calls see when their result is no longer wanted. */
function closed(): DOMException {
  return new DOMException('The stream was closed before this call finished.', 'AbortError')
}

/**
 * Closes the source. A generator answers `return()` only after its pending `next()`, which may never come,
 * so a source that is being pulled is told to close but not waited for.
 */
async function close<T>(iterator: AsyncIterator<T>, pulling: boolean): Promise<void> {
  const closing = Promise.resolve(iterator.return?.()).then(
    () => {},
    () => {},
  )
  if (!pulling) await closing
}

function iteratorOf<T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> {
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]()
  const iterator = source[Symbol.iterator]()
  return {
    next: async () => iterator.next(),
    return: async () => {
      iterator.return?.()
      return { done: true, value: undefined }
    },
  }
}
