import { checkInteger, checkNumber } from '../../check.js'
import type { Filter } from '../../filter/filter.js'
import { matchesFilter } from '../../filter/matches.js'
import type { Hit, Retriever } from '../../retriever.js'
import { pause } from './wait.js'

export interface FakeRetrieverOptions {
  /** @default 'fake-retriever' */
  readonly name?: string | undefined
  /** Thrown by every call instead of an answer. @default none */
  readonly failWith?: Error | undefined
  /** How long a call takes, in milliseconds. @default 0 */
  readonly delayMs?: number | undefined
}

export interface RetrieveCall {
  readonly query: string
  readonly limit: number
  readonly filter: Filter | undefined
}

export interface FakeRetriever extends Retriever {
  readonly calls: readonly RetrieveCall[]
}

/** Answers every query (or the function's answer to it) with the given hits, best first, filtered and cut to the limit. */
export function fakeRetriever(
  hits: readonly Hit[] | ((query: string) => readonly Hit[]),
  options: FakeRetrieverOptions = {},
): FakeRetriever {
  const delayMs = checkNumber('delayMs', options.delayMs ?? 0, 0)
  const calls: RetrieveCall[] = []
  return {
    name: options.name ?? 'fake-retriever',
    calls,
    async retrieve(query, callOptions = {}): Promise<readonly Hit[]> {
      callOptions.signal?.throwIfAborted()
      const limit = checkInteger('limit', callOptions.limit ?? 5)
      const { filter } = callOptions
      calls.push({ query, limit, filter })
      await pause(delayMs, callOptions.signal)
      if (options.failWith) throw options.failWith
      const answer = typeof hits === 'function' ? hits(query) : hits
      return answer
        .filter((hit) => filter === undefined || matchesFilter(filter, hit.chunk.metadata))
        .toSorted(
          (a, b) => b.score - a.score || (a.chunk.id < b.chunk.id ? -1 : a.chunk.id > b.chunk.id ? 1 : 0),
        )
        .slice(0, limit)
    },
  }
}
