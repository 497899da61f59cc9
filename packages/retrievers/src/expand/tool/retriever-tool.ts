import {
  type AssembledContext,
  assembleContext,
  type CallOptions,
  type ContextOptions,
  checkInteger,
  type Hit,
  invalid,
  type Metadata,
  type Retriever,
} from '@tesserae/core'
import { normalizeQuery } from '../normalize-query.js'
import { fieldOf } from '../read-json.js'
import { checkFilter } from '../self-query/check-filter.js'
import {
  type MetadataSchema,
  metadataSchema,
  type StandardMetadataSchema,
} from '../self-query/metadata-schema.js'
import { conditionsOf, inputSchema, type ToolInputSchema } from './input-schema.js'

export interface RetrieverToolOptions extends Omit<ContextOptions, 'maxTokens' | 'signal' | 'observer'> {
  /** What the model calls it: letters, digits, `_` and `-`, at most 64. @default 'search' */
  readonly name?: string | undefined
  /** What can be found, and when to search: the model decides by it. */
  readonly description: string
  /** Fields that the model may narrow a search by. @default none */
  readonly schema?: MetadataSchema | StandardMetadataSchema | undefined
  /** Passages of a call that names no number. @default 5 */
  readonly defaultLimit?: number | undefined
  /** Passages of any call, at most. @default 20 */
  readonly maxLimit?: number | undefined
  /** Tokens of a result's text. @default 2000 */
  readonly maxTokens?: number | undefined
}

export interface ToolResult<M extends Metadata = Metadata>
  extends Pick<AssembledContext, 'citations' | 'omitted'> {
  /** For the model: numbered passages that cannot fake their frame, or that nothing was found. */
  readonly text: string
  readonly hits: readonly Hit<M>[]
  /** Conditions of the filter that no search could be narrowed by, and were left out. */
  readonly dropped: number
}

/** A retriever as language models call tools. */
export interface RetrieverTool<M extends Metadata = Metadata> {
  readonly name: string
  readonly description: string
  /** JSON Schema, draft 2020-12. */
  readonly inputSchema: ToolInputSchema
  /**
   * @param input what the model gave: an object, or its JSON
   * @throws RagError `invalid-argument` for an input without a query, in words that the model can be shown
   */
  execute(input: unknown, options?: CallOptions): Promise<ToolResult<M>>
}

/**
 * A retriever as a tool of an agent: name, description, the schema of its input, and a function. Which frameworks want
 * what around these four is theirs. Whatever the model writes, it can only narrow what the retriever itself shows: put
 * scopes around the retriever, and into `schema` nothing that decides who may read what.
 */
export function retrieverTool<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: RetrieverToolOptions,
): RetrieverTool<M> {
  const { description, schema, name = 'search', ...packing } = options
  if (!/^[\w-]{1,64}$/.test(name)) invalid('name', 'of 1 to 64 letters, digits, "_" and "-"', name)
  if (typeof description !== 'string' || description.trim() === '')
    invalid('description', 'a text that tells the model what can be found', description)
  const maxLimit = checkInteger('maxLimit', options.maxLimit ?? 20)
  const defaultLimit = checkInteger(
    'defaultLimit',
    options.defaultLimit ?? Math.min(5, maxLimit),
    1,
    maxLimit,
  )
  const maxTokens = checkInteger('maxTokens', options.maxTokens ?? 2000)
  const fields = schema === undefined ? {} : metadataSchema(schema)

  return {
    name,
    description,
    inputSchema: inputSchema(fields, { defaultLimit, maxLimit }),
    async execute(input, call = {}) {
      const asked = typeof input === 'string' ? parse(input) : input
      const query = fieldOf(asked, 'query')
      if (typeof query !== 'string' || query.trim() === '') {
        invalid('query', 'a text that is not empty', query, 'Call the tool again with {"query": "..."}.')
      }
      const limit = limitOf(fieldOf(asked, 'limit'))
      const { filter, dropped } = checkFilter(conditionsOf(fieldOf(asked, 'filter')), fields)
      const hits = await retriever.retrieve(normalizeQuery(query), { ...call, limit, filter })
      const { text, citations, omitted } = await assembleContext(hits, { ...packing, ...call, maxTokens })
      const note = dropped > 0 ? '\n\n(Not every condition of the filter could be applied.)' : ''
      const shown = citations.length > 0 ? text : 'Nothing was found.'
      return { text: shown + note, citations, omitted, hits, dropped }
    },
  }

  function limitOf(given: unknown): number {
    const number = Math.floor(Number(given ?? defaultLimit))
    return Number.isNaN(number) ? defaultLimit : Math.min(maxLimit, Math.max(1, number))
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return { query: json }
  }
}
