import type { Chunker, Tokenizer } from '@tesserae/core'
import { fixedChunker } from './fixed.js'
import { sentenceChunker } from './sentence.js'

export interface PresetOptions {
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
}

/** 400 tokens, 20 % overlap, whole sentences: a sound first choice for prose. */
export function fixed400(options: PresetOptions = {}): Chunker {
  return fixedChunker({ ...options, maxTokens: 400, overlapPercent: 20, snap: 'sentence' })
}

/** 1,000 tokens, 20 % overlap, whole sentences: fewer, wider chunks. */
export function fixed1000(options: PresetOptions = {}): Chunker {
  return fixedChunker({ ...options, maxTokens: 1000, overlapPercent: 20, snap: 'sentence' })
}

/** Up to 300 tokens of whole sentences, no overlap. */
export function sentence300(options: PresetOptions = {}): Chunker {
  return sentenceChunker({ ...options, maxTokens: 300 })
}
