import type { MetadataField, MetadataSchema } from '../self-query/metadata-schema.js'

/** JSON Schema of a tool's input, as plain data. */
export interface ToolInputSchema {
  readonly type: 'object'
  readonly properties: { readonly [name: string]: { readonly [key: string]: unknown } }
  readonly required: readonly string[]
  readonly additionalProperties: false
}

/** What a model may give: the query, how many passages, and for each field a value, several, or a range. */
export function inputSchema(
  fields: MetadataSchema,
  limits: { readonly defaultLimit: number; readonly maxLimit: number },
): ToolInputSchema {
  const conditions = Object.entries(fields).map(([name, field]) => [name, conditionSchema(field)])
  return {
    type: 'object',
    properties: {
      query: { type: 'string', description: 'What to search for, in words or as a question.' },
      limit: {
        type: 'integer',
        minimum: 1,
        maximum: limits.maxLimit,
        description: `How many passages; ${limits.defaultLimit} unless told.`,
      },
      ...(conditions.length > 0 && {
        filter: {
          type: 'object',
          description: 'Searches only where every condition holds: a value, a list of which one, or a range.',
          properties: Object.fromEntries(conditions),
          additionalProperties: false,
        },
      }),
    },
    required: ['query'],
    additionalProperties: false,
  }
}

function conditionSchema({ type, values, list, description }: MetadataField) {
  const value = values === undefined ? { type } : { type, enum: [...values] }
  const ordered = type !== 'boolean' && values === undefined && list !== true
  const range = { type: 'object', properties: { min: { type }, max: { type } }, additionalProperties: false }
  return {
    ...(description !== undefined && { description }),
    anyOf: [value, { type: 'array', items: value }, ...(ordered ? [range] : [])],
  }
}

/** The conditions as clauses of a filter: ranges become bounds, the rest is read as it is; what is no filter is one clause. */
export function conditionsOf(given: unknown): unknown {
  if (given === undefined || given === null) return undefined
  if (typeof given !== 'object') return [given]
  if (Array.isArray(given) || Object.hasOwn(given, 'op')) return given
  return Object.entries(given).flatMap(([field, value]: [string, unknown]): readonly object[] => {
    if (Array.isArray(value)) return [{ op: 'in', field, values: value }]
    if (typeof value !== 'object' || value === null) return [{ op: 'eq', field, value }]
    return Object.entries(value).map(([key, bound]: [string, unknown]) => ({
      op: key === 'min' ? 'gte' : key === 'max' ? 'lte' : key,
      field,
      value: bound,
    }))
  })
}
