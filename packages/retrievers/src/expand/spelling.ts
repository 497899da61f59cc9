import { checkInteger, checkNumber, invalid, type Metadata, type Retriever } from '@tesserae/core'
import { TokenSpans } from '../analysis/analyzer.js'
import { tokenizeWords } from '../analysis/tokenize.js'
import type { Suggestion, SuggestOptions } from '../bm25/index.js'
import { checkExpansion, expandingRetriever } from './expanding-retriever.js'
import type { ExpandingRetriever, ExpansionOptions } from './expansion.js'

/** Words that there are: a `Bm25Index`. Make it with `stem: false` where dense retrievers are to see whole words. */
export interface Spelling {
  /** The closest words first; a word that there is has itself with similarity 1. */
  suggest(word: string, options?: SuggestOptions): readonly Suggestion[]
}

export interface SpellingOptions extends ExpansionOptions {
  readonly vocabulary: Spelling
  /** Least likeness of a correction, 1 − edits / length, above 0 and at most 1. @default 0.7 */
  readonly minSimilarity?: number | undefined
  /** Words corrected in one query at most. @default 8 */
  readonly maxCorrections?: number | undefined
}

/**
 * The query with words that the vocabulary does not have replaced by those spelled most like them. Words with digits,
 * and words that nothing is like, stay. What stands between words stays as it is.
 */
export function correctSpelling(
  query: string,
  vocabulary: Spelling,
  options: Pick<SpellingOptions, 'minSimilarity' | 'maxCorrections'> = {},
): string {
  if (typeof query !== 'string') invalid('query', 'a string', query)
  return corrector(vocabulary, options)(query)
}

/** Searches with the corrected query beside the one that was typed. No model. */
export function spellingRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: SpellingOptions,
): ExpandingRetriever<M> {
  const settings = checkExpansion(options, { name: 'spelling' })
  const correct = corrector(options.vocabulary, options)
  const plan = (query: string) => {
    const text = correct(query)
    return { variants: text === query ? [] : [{ label: 'corrected', text }] }
  }
  return expandingRetriever(retriever, plan, settings)
}

function corrector(
  vocabulary: Spelling,
  options: Pick<SpellingOptions, 'minSimilarity' | 'maxCorrections'>,
): (query: string) => string {
  if (typeof vocabulary?.suggest !== 'function') invalid('vocabulary', 'a BM25 index', vocabulary)
  const minSimilarity = checkNumber('minSimilarity', options.minSimilarity ?? 0.7, Number.MIN_VALUE, 1)
  const maxCorrections = checkInteger('maxCorrections', options.maxCorrections ?? 8, 0)
  const tokens = new TokenSpans()
  return (query) => {
    tokenizeWords(query, tokens)
    let text = ''
    let copied = 0
    let left = maxCorrections
    for (let i = 0; i < tokens.count && left > 0; i++) {
      const start = tokens.starts[i]!
      const end = tokens.ends[i]!
      const word = query.slice(start, end)
      if (!/^\p{L}[\p{L}\p{M}'’]*$/u.test(word)) continue
      const [best] = vocabulary.suggest(word, { limit: 1 })
      if (best === undefined || best.similarity === 1 || best.similarity < minSimilarity) continue
      text += query.slice(copied, start) + best.text
      copied = end
      left--
    }
    return text + query.slice(copied)
  }
}
