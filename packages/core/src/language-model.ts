import type { CallOptions } from './observer.js'

export interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

export interface GenerateRequest {
  /** Instructions that come before the conversation. */
  readonly system?: string | undefined
  readonly messages: readonly Message[]
  readonly maxTokens?: number | undefined
  /** @default the model's own */
  readonly temperature?: number | undefined
  readonly stopSequences?: readonly string[] | undefined
}

export interface GenerateResult {
  readonly text: string
  readonly finishReason: 'stop' | 'length' | 'filtered' | 'other'
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number } | undefined
}

export interface LanguageModel {
  readonly id: string
  generate(request: GenerateRequest, options?: CallOptions): Promise<GenerateResult>
}
