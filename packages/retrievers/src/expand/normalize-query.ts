import {
  checkInteger,
  invalid,
  type Metadata,
  pieceTokenizer,
  type Retriever,
  shareOf,
  type TellsShare,
  type Tokenizer,
} from '@tesserae/core'
import { type ExplainableRetriever, isExplainable } from '../explain-hit.js'
import { limitTokens } from './limit-tokens.js'

export interface NormalizeQueryOptions {
  /** Most tokens of a query; what is behind is cut off. @default 512 */
  readonly maxTokens?: number | undefined
  /** How often words may be repeated in a row; what is over it is padding. @default 3 */
  readonly maxRepetitions?: number | undefined
  /** Counts the tokens. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
}

/** Control characters and others that are not seen; joiners of emoji and of scripts that need them stay. */
const unseen = /[\p{Cc}\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+/gu
/** A phrase of so many words may be what is repeated. */
const longestPhrase = 16

/**
 * A query without what nobody typed on purpose: composed characters (NFC), blanks and unseen characters as one blank,
 * a phrase that is repeated over and over cut to three, the whole cut to 512 tokens. Letter case, punctuation and
 * signs stay (`C++`, `Q4`, `A-123/b`): lower-casing and stemming are the analyzer's, on both sides, and embedders
 * want the text as it was written.
 */
export function normalizeQuery(query: string, options: NormalizeQueryOptions = {}): string {
  return normalizer(options)(query)
}

/** Searches with the normalised query instead of the one given. */
export function normalizedRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: NormalizeQueryOptions & {
    /** @default the retriever's */
    readonly name?: string | undefined
  } = {},
): ExplainableRetriever<M> & TellsShare {
  const normalize = normalizer(options)
  return {
    name: options.name ?? retriever.name,
    retrieve: async (query, call) => retriever.retrieve(normalize(query), call),
    vectorShare: (query: string) => shareOf(retriever, normalize(query)),
    explain: async (query, chunkId, call) =>
      isExplainable(retriever) ? retriever.explain(normalize(query), chunkId, call) : undefined,
  }
}

function normalizer(options: NormalizeQueryOptions): (query: string) => string {
  const maxTokens = checkInteger('maxTokens', options.maxTokens ?? 512)
  const maxRepetitions = checkInteger('maxRepetitions', options.maxRepetitions ?? 3)
  const { tokenizer = pieceTokenizer() } = options
  return (query) => {
    if (typeof query !== 'string') invalid('query', 'a string', query)
    const words = query.replace(unseen, ' ').normalize('NFC').split(/\s+/u)
    const text = withoutPadding(words, maxRepetitions).join(' ').trim()
    return limitTokens(text, maxTokens, tokenizer)
  }
}

/** Leaves of a phrase said many times in a row the first few. Shorter phrases count before longer ones. */
function withoutPadding(words: readonly string[], most: number): readonly string[] {
  const kept: string[] = []
  for (let at = 0; at < words.length; ) {
    let past = 0
    for (let length = 1; length <= longestPhrase && past === 0; length++) {
      let same = at + length
      while (same < words.length && words[same] === words[same - length]) same++
      const repetitions = Math.floor((same - at) / length)
      if (repetitions > most) {
        for (let i = 0; i < length * most; i++) kept.push(words[at + i]!)
        past = at + repetitions * length
      }
    }
    if (past === 0) kept.push(words[at++]!)
    else at = past
  }
  return kept
}
