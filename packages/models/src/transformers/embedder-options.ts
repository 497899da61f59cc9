import { checkInteger, checkOneOf, invalid } from '@tesserae/core'
import type { PoolingMode, Prefixes } from './families.js'
import { type ModelOptions, type ModelSettings, modelSettings } from './options.js'

export interface TransformersEmbedderOptions extends ModelOptions {
  /**
   * How token vectors become one. @default what the folder's `1_Pooling/config.json` says, or what is known of
   * the model's family; an unknown model must say
   */
  readonly pooling?: PoolingMode | undefined
  /** Put in front of a text by role. @default what the folder or the model's family says, otherwise nothing */
  readonly prefixes?: Partial<Prefixes> | undefined
  /** Keep the first so many numbers, for models trained so that they stand alone (Matryoshka). @default all */
  readonly dimensions?: number | undefined
}

export interface EmbedderSettings extends ModelSettings {
  readonly pooling: PoolingMode | undefined
  readonly prefixes: { readonly [role in keyof Prefixes]: string | undefined } | undefined
  readonly dimensions: number | undefined
}

export const defaultEmbedder = 'Xenova/all-MiniLM-L6-v2'

export function embedderSettings(options: TransformersEmbedderOptions): EmbedderSettings {
  const { pooling, prefixes, dimensions } = options
  for (const role of ['query', 'document'] as const) {
    const prefix: unknown = prefixes?.[role]
    if (prefix !== undefined && typeof prefix !== 'string') invalid(`prefixes.${role}`, 'a string', prefix)
  }
  return {
    ...modelSettings(options, defaultEmbedder),
    pooling:
      pooling === undefined
        ? undefined
        : checkOneOf<PoolingMode>('pooling', pooling, ['mean', 'cls', 'last']),
    prefixes: prefixes === undefined ? undefined : { query: prefixes.query, document: prefixes.document },
    dimensions: dimensions === undefined ? undefined : checkInteger('dimensions', dimensions),
  }
}
