import type { Metadata } from './document.js'
import type { CallOptions } from './observer.js'
import type { Hit } from './retriever.js'

export interface RerankOptions extends CallOptions {
  /** At most this many hits. @default all */
  readonly limit?: number | undefined
}

export interface Reranker {
  readonly name: string
  /** A subset of the hits, best first. Never invents one. */
  rerank<M extends Metadata>(
    query: string,
    hits: readonly Hit<M>[],
    options?: RerankOptions,
  ): Promise<readonly Hit<M>[]>
}
