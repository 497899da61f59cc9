import { type CallOptions, type Filter, type Metadata, orAbort, type Retriever, tell } from '@tesserae/core'
import { type AskModel, type ModelOptions, modelAsker } from '../ask-model.js'
import { openBudget } from '../budget.js'
import { checkExpansion, expandingRetriever, reasonOrThrow } from '../expanding-retriever.js'
import type { ExpandingRetriever, ExpansionOptions, FallbackReason } from '../expansion.js'
import { readLine, sameKey } from '../model-text.js'
import { fieldOf } from '../read-json.js'
import { checkFilter } from './check-filter.js'
import { type MetadataSchema, metadataSchema, type StandardMetadataSchema } from './metadata-schema.js'

export interface SelfQueryOptions extends ModelOptions {
  /** The fields that the filter may name. */
  readonly schema: MetadataSchema | StandardMetadataSchema
  /** Stage name in events and traces. @default 'self-query' */
  readonly name?: string | undefined
  /** The time for taking the query apart, in milliseconds. @default 3000 */
  readonly timeoutMs?: number | undefined
}

export interface SelfQueryRetrieverOptions extends ExpansionOptions, SelfQueryOptions {
  readonly name?: string | undefined
  readonly timeoutMs?: number | undefined
  /** With fewer hits under the filter the plain query counts, without it. @default 1 */
  readonly minHits?: number | undefined
}

/** A query taken apart. */
export interface SelfQuery {
  /** What to search for. */
  readonly query: string
  /** What the metadata must be. */
  readonly filter?: Filter | undefined
  /** How the answer is to look: for the prompt, never for the search. */
  readonly instructions?: string | undefined
  /** Why the query is as it came. */
  readonly fallback?: FallbackReason | undefined
}

const instructions = `You take a question to a search engine apart.
- query: what to search for in the texts, in the question's own words, without what the filter or the instructions say
- filter: conditions on the metadata fields below that the question states; null when it states none. Never guess.
- instructions: how the answer is to be presented (form, length, language, capitals); null when nothing is said about it`

const form = `{"query": "...", "filter": null, "instructions": null}
where a filter is one of
{"op": "eq" | "ne" | "lt" | "lte" | "gt" | "gte" | "startsWith" | "includes" | "has", "field": "...", "value": ...}
{"op": "in" | "notIn", "field": "...", "values": [...]}
{"op": "and" | "or", "filters": [...]}
{"op": "not", "filter": {...}}
and "has" asks whether a list has an element.`

/**
 * Takes one query apart. Whatever the model answers, the filter names only fields of the schema with values they can
 * hold; without a usable answer the query comes back as it was, with the reason.
 */
export async function selfQuery(
  query: string,
  options: SelfQueryOptions,
  call: CallOptions = {},
): Promise<SelfQuery> {
  const { name, timeoutMs } = checkExpansion(options, { name: 'self-query' })
  const parse = parser(options, name)
  call.signal?.throwIfAborted()
  const budget = openBudget(timeoutMs, call.signal)
  try {
    const parsing = parse(query, { signal: budget.signal, observer: call.observer })
    return await orAbort(parsing, budget.signal)
  } catch (error) {
    const fallback = reasonOrThrow(error, call.signal, budget)
    tell(call.observer, { type: 'expand.fallback', source: name, labels: { reason: fallback } })
    return { query, fallback }
  } finally {
    budget.close()
  }
}

/**
 * Self-query: a model splits a question into what to search for, a filter on metadata and how the answer is to look.
 * The filter is checked against the schema and can only narrow what the caller's own filter and scope let through.
 * Both the refined and the original query are searched under it; when it leaves fewer than `minHits`, the plain query
 * counts. `retrieveExpanded` hands on the filter and the instructions.
 */
export function selfQueryRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: SelfQueryRetrieverOptions,
): ExpandingRetriever<M> {
  const settings = checkExpansion(options, { name: 'self-query', minHits: options.minHits, early: false })
  const parse = parser(options, settings.name)
  const plan = async (query: string, call: CallOptions) => {
    const { query: text, ...rest } = await parse(query, call)
    return { variants: sameKey(text) === sameKey(query) ? [] : [{ label: 'refined', text }], ...rest }
  }
  return expandingRetriever(retriever, plan, settings)
}

function parser(
  options: SelfQueryOptions,
  name: string,
): (query: string, call: CallOptions) => Promise<SelfQuery> {
  const schema = metadataSchema(options.schema)
  const ask: AskModel = modelAsker(options, { instructions, form }, name)
  return async (query, call) => {
    if (query.trim() === '') return { query }
    const { text, filter, told } = await ask(
      { query, fields: schema },
      (value) => {
        const text = readLine(fieldOf(value, 'query') ?? fieldOf(value, 'rewritten_query'), 1000)
        const filter = fieldOf(value, 'filter')
        const told = readLine(fieldOf(value, 'instructions'), 500)
        // A filter by itself is an answer; an object with none of the three is not.
        return text === undefined && !filter && told === undefined ? undefined : { text, filter, told }
      },
      call,
    )
    const checked = checkFilter(filter, schema)
    if (checked.dropped > 0) {
      tell(call.observer, { type: 'expand.dropped', source: name, counts: { clauses: checked.dropped } })
    }
    return {
      query: text ?? query,
      ...(checked.filter !== undefined && { filter: checked.filter }),
      ...(told !== undefined && { instructions: told }),
    }
  }
}
