import { checkNumber } from '../../check.js'
import type { Document, Metadata } from '../../document.js'
import { RagError } from '../../errors.js'
import type { Loaded, Loader } from '../../loader.js'
import { pause } from './wait.js'

export interface FakeLoaderOptions {
  /** @default 'fake-loader' */
  readonly name?: string | undefined
  /** Wait before each item, in milliseconds. @default 0 */
  readonly delayMs?: number | undefined
}

export interface FakeLoader<M extends Metadata = Metadata> extends Loader<M> {
  /** How many times `load` was begun. */
  readonly loads: number
  /** How many items have been handed out, over all loads: shows how far a consumer has pulled. */
  readonly pulled: number
}

/** A document, a text (its id is `document-<position>`), or the URI and reason of a file that cannot be read. */
export type FakeSource<M extends Metadata = Metadata> =
  | Document<M>
  | string
  | { readonly uri: string; readonly failure: string | RagError }

/** A plain document: no marks, no metadata. */
export function textDocument(id: string, text: string): Document {
  return { id, text, marks: [], metadata: {} }
}

/** Yields the given documents and failures in order, one at a time. */
export function fakeLoader(sources: readonly FakeSource[], options: FakeLoaderOptions = {}): FakeLoader {
  const delayMs = checkNumber('delayMs', options.delayMs ?? 0, 0)
  let loads = 0
  let pulled = 0
  return {
    name: options.name ?? 'fake-loader',
    get loads(): number {
      return loads
    },
    get pulled(): number {
      return pulled
    },
    async *load(callOptions): AsyncGenerator<Loaded> {
      loads += 1
      for (const [position, source] of sources.entries()) {
        await pause(delayMs, callOptions?.signal)
        pulled += 1
        if (typeof source === 'string') {
          yield { type: 'document', document: textDocument(`document-${position}`, source) }
        } else if ('failure' in source) {
          const error =
            source.failure instanceof RagError ? source.failure : new RagError('load-failed', source.failure)
          yield { type: 'failure', uri: source.uri, error }
        } else {
          yield { type: 'document', document: source }
        }
      }
      callOptions?.signal?.throwIfAborted()
    },
  }
}
