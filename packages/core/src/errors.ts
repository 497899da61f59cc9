export type RagErrorCode =
  | 'invalid-argument'
  | 'invalid-span'
  | 'invalid-vector'
  | 'duplicate-id'
  | 'unsupported'
  | 'incompatible'
  | 'corrupt-data'
  | 'load-failed'
  | 'model-failed'
  | 'store-failed'

export type ErrorDetails = { readonly [key: string]: string | number | boolean | null | undefined }

export interface RagErrorOptions {
  readonly details?: ErrorDetails | undefined
  readonly cause?: unknown
}

const marker = Symbol.for('tesserae.rag-error')

/** Every error this library throws, except aborts, which pass through as the signal's own reason. */
export class RagError extends Error {
  override readonly name: string = 'RagError'
  readonly code: RagErrorCode
  readonly details: ErrorDetails

  /** @param message names the thing, states the rule, shows the value and says what to do. */
  constructor(code: RagErrorCode, message: string, options: RagErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
    Object.defineProperty(this, marker, { value: true })
  }
}

export interface ModelErrorOptions extends RagErrorOptions {
  /** Whether the same call may succeed later. @default false */
  readonly retryable?: boolean | undefined
  /** How long the service asked to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/** A model or its service failed; whoever knows the status code decides whether a retry makes sense. */
export class ModelError extends RagError {
  override readonly name: string = 'ModelError'
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined

  constructor(message: string, options: ModelErrorOptions = {}) {
    super('model-failed', message, options)
    this.retryable = options.retryable ?? false
    this.retryAfterMs = options.retryAfterMs
  }
}

function isMarked(value: unknown): value is RagError {
  return typeof value === 'object' && value !== null && marker in value
}

/** True for errors of this library, also across two installed copies of it. */
export function isRagError(value: unknown, code?: RagErrorCode): value is RagError {
  return isMarked(value) && (code === undefined || value.code === code)
}

/** True for what an aborted signal throws: not a failure, and never wrapped. */
export function isAbort(error: unknown, signal?: AbortSignal): boolean {
  if (signal?.aborted && error === signal.reason) return true
  return error instanceof Error && error.name === 'AbortError'
}
