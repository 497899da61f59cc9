/**
 * What a component tells about its work: ids, counts, milliseconds, token usage.
 * Text never leaves through here.
 */
export interface RagEvent {
  /** What happened, `stage.noun`: `ingest.document`, `embed.batch`, `retrieve.leg`. */
  readonly type: string
  /** Name or id of the component that tells it. */
  readonly source: string
  readonly milliseconds?: number | undefined
  /** Named counts: `texts`, `tokens`, `hits`, `written`. */
  readonly counts?: { readonly [name: string]: number } | undefined
  /** Ids, codes and modes; never a document's or a query's text. */
  readonly labels?: { readonly [name: string]: string } | undefined
}

export type Observer = (event: RagEvent) => void

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly observer?: Observer | undefined
}
