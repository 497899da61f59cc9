import type { GenerateResult } from '@tesserae/core'

const reasons: { readonly [reason: string]: GenerateResult['finishReason'] } = {
  stop: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  eos: 'stop',
  complete: 'stop',
  length: 'length',
  max_tokens: 'length',
  'content-filter': 'filtered',
  content_filter: 'filtered',
  content_filtered: 'filtered',
  safety: 'filtered',
  refusal: 'filtered',
}

/** Why an answer ended, out of the words that services have for it. */
export function finishReasonOf(reason: unknown): GenerateResult['finishReason'] {
  return reasons[String(reason).toLowerCase()] ?? 'other'
}

/** Usage, when both of its numbers are known. */
export function usageOf(inputTokens: unknown, outputTokens: unknown): Pick<GenerateResult, 'usage'> {
  return typeof inputTokens === 'number' && typeof outputTokens === 'number'
    ? { usage: { inputTokens, outputTokens } }
    : {}
}

/** The text of a message: a string, or the parts of it that are text. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  let text = ''
  for (const part of content) {
    const piece: unknown = typeof part === 'string' ? part : Reflect.get(Object(part), 'text')
    if (typeof piece === 'string' && Reflect.get(Object(part), 'type') !== 'reasoning') text += piece
  }
  return text
}
