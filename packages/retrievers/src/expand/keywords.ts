import { type CallOptions, checkInteger, invalid, type Metadata, type Retriever } from '@tesserae/core'
import { type ModelOptions, modelAsker } from './ask-model.js'
import { checkExpansion, expandingRetriever } from './expanding-retriever.js'
import type { ExpandingRetriever, ExpansionOptions } from './expansion.js'
import { readLines, sameKey } from './model-text.js'
import { fieldOf } from './read-json.js'

export interface KeywordOptions extends ExpansionOptions, ModelOptions {
  /** Keywords at most, 1 to 20; a model that gives more is cut short. @default 6 */
  readonly maxKeywords?: number | undefined
  /** What no keyword may name, such as the companies that a filter takes care of. @default nothing */
  readonly exclude?: readonly string[] | undefined
}

const instructions = `You help a search engine. Give the keywords and short terms that a document answering the query \
would contain besides the query's own words: synonyms, technical terms, titles of sections. No names of companies, \
people or documents, no dates or years, nothing that is not about the query.`

/** Years and quarters: what they narrow is a matter of filters, and a wrong one does harm. */
const timeWord = /\b(?:19|20)\d\d\b|\bQ[1-4]\b|\b[1-4]Q\b/iu

/**
 * Keyword expansion: a model names words that answers would contain, and the query is searched with them behind it, and
 * without. Their number is capped in code; words of the query, dates and excluded names are dropped.
 */
export function keywordRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: KeywordOptions,
): ExpandingRetriever<M> {
  const settings = checkExpansion(options, { name: 'keywords' })
  const max = checkInteger('maxKeywords', options.maxKeywords ?? 6, 1, 20)
  const excluded = checkNames(options.exclude ?? []).map(sameKey)
  const form = '{"keywords": ["...", "..."]}'
  const ask = modelAsker(options, { instructions, form }, settings.name)
  const plan = async (query: string, call: CallOptions) => {
    if (query.trim() === '') return { variants: [] }
    const said = ` ${sameKey(query)} `
    const allowed = (keyword: string) => {
      const key = ` ${sameKey(keyword)} `
      return (
        !said.includes(key) && !timeWord.test(keyword) && !excluded.some((name) => key.includes(` ${name} `))
      )
    }
    const keywords = await ask(
      { query, most: max },
      (value) =>
        readLines(fieldOf(value, 'keywords') ?? value, ['keyword', 'text'], { max: 100, maxLength: 80 }),
      call,
    )
    const kept = keywords.filter(allowed).slice(0, max)
    return {
      variants: kept.length === 0 ? [] : [{ label: 'keywords', text: [query, ...kept].join(' ') }],
    }
  }
  return expandingRetriever(retriever, plan, settings)
}

function checkNames(names: readonly string[]): readonly string[] {
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string' || sameKey(name) === ''))
    invalid('exclude', 'a list of names', names)
  return names
}
