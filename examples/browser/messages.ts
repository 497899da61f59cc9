import type { IngestProgress } from '@tesserae/core'
import type { Added, Found, KnowledgeBase, SourceFile } from './knowledge-base.js'

/** What the page asks of the worker. Answers carry the same `id`. */
export type Request =
  | {
      readonly type: 'open'
      readonly id: number
      readonly table: string
      readonly backend: 'auto' | 'typescript'
    }
  | { readonly type: 'add'; readonly id: number; readonly files: readonly SourceFile[] }
  | {
      readonly type: 'search'
      readonly id: number
      readonly question: string
      readonly limit: number | undefined
    }
  /** Stops the request with this id. */
  | { readonly type: 'abort'; readonly id: number }

/** What a request comes to. */
export interface Results {
  readonly open: Pick<KnowledgeBase, 'backend'>
  readonly add: Added
  readonly search: Found
}

export type Response =
  | { readonly type: 'progress'; readonly id: number; readonly progress: IngestProgress }
  | { readonly type: 'result'; readonly id: number; readonly value: Results[keyof Results] }
  | { readonly type: 'failure'; readonly id: number; readonly message: string }

/** What both ends need of a worker, of a worker's own scope, or of one end of a `MessageChannel`. */
export interface Port {
  postMessage(message: Request | Response): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}
