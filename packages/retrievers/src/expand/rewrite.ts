import type { CallOptions, Metadata, Retriever } from '@tesserae/core'
import { type ModelOptions, modelAsker } from './ask-model.js'
import { checkExpansion, expandingRetriever } from './expanding-retriever.js'
import type { ExpandingRetriever, ExpansionOptions } from './expansion.js'
import { type Glossary, glossaryEntries } from './glossary.js'
import { additionsTo, type TermEntry, termMatcher } from './match-terms.js'
import { readLine, sameKey } from './model-text.js'
import { fieldOf } from './read-json.js'

export interface RewriteOptions extends ExpansionOptions, ModelOptions {
  /** Short forms and what they stand for; those in the query are told to the model, and kept in both forms. @default none */
  readonly glossary?: Glossary | undefined
}

const instructions = `You help a search engine. Rewrite the query as a clear question in the words that documents \
would use: spell out abbreviations and keep the short form beside them, correct mistakes, drop small talk. Keep names, \
numbers, codes and dates exactly as they are. Add no facts, no places and no topics that the query does not have. \
The glossary, if there is one, says what short forms mean here.`

/**
 * Rewriting: searches also with a clearer form of the query. Rewrites drift, so the original stays in the search, and
 * what a rewrite loses is put back in code: every short form, number and code of the query, and both forms of what the
 * glossary knows.
 */
export function rewriteRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: RewriteOptions,
): ExpandingRetriever<M> {
  const settings = checkExpansion(options, { name: 'rewrite' })
  const match = termMatcher('glossary', glossaryEntries(options.glossary ?? {}))
  const ask = modelAsker(options, { instructions, form: '{"rewritten": "..."}' }, settings.name)
  const plan = async (query: string, call: CallOptions) => {
    if (query.trim() === '') return { variants: [] }
    const matched = match(query)
    const glossary = Object.fromEntries(matched.map(({ term, additions }) => [term, additions]))
    const rewritten = await ask(
      { query, ...(matched.length > 0 && { glossary }) },
      (value) => readLine(fieldOf(value, 'rewritten'), 1000),
      call,
    )
    const kept = withBothForms(query, rewritten, matched)
    return { variants: sameKey(kept) === sameKey(query) ? [] : [{ label: 'rewritten', text: kept }] }
  }
  return expandingRetriever(retriever, plan, settings)
}

/** The rewrite, with what it must have and lacks in brackets behind it. */
function withBothForms(query: string, rewritten: string, matched: readonly TermEntry[]): string {
  const meant = matched.map((entry) => ({
    term: entry.term,
    // Of several meanings the model had to choose one.
    additions: entry.additions.length === 1 ? [entry.term, ...entry.additions] : [entry.term],
  }))
  const lacking = additionsTo(rewritten, [{ term: '', additions: exactForms(query) }, ...meant], mostKept)
  return lacking.length === 0 ? rewritten : `${rewritten} (${lacking.join(', ')})`
}

const mostKept = 16
const longestForm = 64

/** Words of a query whose letters are the point: with digits, or two capitals, or a sign at the end: `RAG`, `Q4`, `C++`. */
function exactForms(query: string): readonly string[] {
  const forms: string[] = []
  for (const word of query.split(/\s+/u)) {
    if (word.length > longestForm) continue
    const form = word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}+#]+$/gu, '')
    const capitals = form.match(/\p{Lu}/gu)?.length ?? 0
    if (form !== '' && (capitals > 1 || /[\p{N}+#]/u.test(form))) forms.push(form)
  }
  return forms
}
