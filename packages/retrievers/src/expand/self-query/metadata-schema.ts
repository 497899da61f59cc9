import { checkOneOf, invalid, RagError } from '@tesserae/core'
import { fieldOf } from '../read-json.js'

/** What a metadata field holds, for a model that writes filters. */
export interface MetadataField {
  /** Of the value, or of the elements of a list. */
  readonly type: 'string' | 'number' | 'boolean'
  /** Whether the field holds a list. @default false */
  readonly list?: boolean | undefined
  /** All values there are; a clause with another one is dropped, letter case is mended. @default any */
  readonly values?: readonly (string | number)[] | undefined
  /** Told to the model. @default nothing */
  readonly description?: string | undefined
}

/** The fields that filters may name. What is not listed does not exist for the model: no tenants, no rights. */
export type MetadataSchema = { readonly [field: string]: MetadataField }

/** A schema of any library that follows Standard Schema and can tell its JSON Schema. */
export interface StandardMetadataSchema {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly jsonSchema?:
      | {
          readonly input: (options: { readonly target: 'draft-2020-12' }) => {
            readonly [key: string]: unknown
          }
        }
      | undefined
  }
}

/** The plain form of a schema, checked. Throws `unsupported` for a Standard Schema that cannot tell its JSON Schema. */
export function metadataSchema(schema: MetadataSchema | StandardMetadataSchema): MetadataSchema {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null)
    invalid('schema', 'fields by name, or a Standard Schema', schema)
  const plain = isStandard(schema) ? fromStandard(schema) : schema
  const fields = Object.entries(plain)
  if (fields.length === 0) invalid('schema', 'of at least one field', plain)
  for (const [name, field] of fields) {
    if (typeof field !== 'object' || field === null) invalid(`schema.${name}`, 'a field', field)
    checkOneOf(`schema.${name}.type`, field.type, ['string', 'number', 'boolean'])
    if (field.values !== undefined && (!Array.isArray(field.values) || field.values.length === 0))
      invalid(`schema.${name}.values`, 'a list of at least one value', field.values)
  }
  return Object.fromEntries(fields)
}

function isStandard(schema: MetadataSchema | StandardMetadataSchema): schema is StandardMetadataSchema {
  const standard: unknown = (schema as { readonly '~standard'?: unknown })['~standard']
  return typeof standard === 'object' && standard !== null && 'vendor' in standard
}

function fromStandard(schema: StandardMetadataSchema): MetadataSchema {
  const { vendor, jsonSchema } = schema['~standard']
  if (jsonSchema === undefined) {
    throw new RagError(
      'unsupported',
      `The schema of "${vendor}" cannot tell its JSON Schema (\`~standard.jsonSchema\`). Use a version of "${vendor}" that can, or list the fields: { year: { type: 'number' } }.`,
    )
  }
  const properties = fieldOf(jsonSchema.input({ target: 'draft-2020-12' }), 'properties')
  if (typeof properties !== 'object' || properties === null)
    invalid('schema', 'a schema of an object with properties', properties)
  const fields: [string, MetadataField][] = []
  for (const [name, property] of Object.entries(properties)) {
    const field = readProperty(property)
    // Nested objects and mixtures are nothing that a filter could look at.
    if (field !== undefined) fields.push([name, field])
  }
  return Object.fromEntries(fields)
}

function readProperty(property: unknown): MetadataField | undefined {
  const described = fieldOf(property, 'description')
  const description = typeof described === 'string' ? { description: described } : {}
  const present = withoutNull(property)
  const items = fieldOf(present, 'type') === 'array' ? withoutNull(fieldOf(present, 'items')) : undefined
  const held = items ?? present
  const constant = fieldOf(held, 'const')
  const listed: unknown = fieldOf(held, 'enum') ?? (constant === undefined ? undefined : [constant])
  const values = Array.isArray(listed) ? listed.filter((value) => value !== null) : undefined
  const type = typeOf(fieldOf(held, 'type') ?? (values && typeof values[0]))
  if (type === undefined || values?.some((value) => typeof value !== type)) return undefined
  return {
    type,
    ...(items !== undefined && { list: true }),
    ...(values !== undefined && values.length > 0 && type !== 'boolean' && { values }),
    ...description,
  }
}

/** The one alternative that is not null, of `anyOf` or of a list of types. */
function withoutNull(property: unknown): unknown {
  const alternatives = fieldOf(property, 'anyOf')
  if (Array.isArray(alternatives)) {
    const present = alternatives.filter((alternative) => fieldOf(alternative, 'type') !== 'null')
    return present.length === 1 ? present[0] : undefined
  }
  const types = fieldOf(property, 'type')
  if (!Array.isArray(types)) return property
  const present = types.filter((type) => type !== 'null')
  return present.length === 1 ? { ...(property as object), type: present[0] } : undefined
}

function typeOf(name: unknown): MetadataField['type'] | undefined {
  if (name === 'string' || name === 'boolean' || name === 'number') return name
  return name === 'integer' ? 'number' : undefined
}
