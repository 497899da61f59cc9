import type { PoolingMode, Prefixes } from './families.js'

/** What the files of Sentence Transformers beside a model say; fields that they leave open are absent. */
export interface SentenceFiles {
  readonly maxTokens?: number | undefined
  readonly pooling?: PoolingMode | undefined
  readonly prefixes?: Prefixes | undefined
}

type Json = { readonly [key: string]: unknown }

/** Reads `sentence_bert_config.json`, `1_Pooling/config.json` and `config_sentence_transformers.json` of a folder. */
export async function readSentenceFiles(folder: string): Promise<SentenceFiles> {
  const [model, pooling, prompts] = await Promise.all([
    readJson(`${folder}/sentence_bert_config.json`),
    readJson(`${folder}/1_Pooling/config.json`),
    readJson(`${folder}/config_sentence_transformers.json`),
  ])
  return {
    maxTokens: typeof model?.max_seq_length === 'number' ? model.max_seq_length : undefined,
    pooling: poolingOf(pooling),
    prefixes: prefixesOf(prompts?.prompts),
  }
}

function poolingOf(json: Json | undefined): PoolingMode | undefined {
  if (json?.pooling_mode_cls_token === true) return 'cls'
  if (json?.pooling_mode_lasttoken === true) return 'last'
  return json?.pooling_mode_mean_tokens === true ? 'mean' : undefined
}

function prefixesOf(prompts: unknown): Prefixes | undefined {
  if (typeof prompts !== 'object' || prompts === null) return undefined
  const texts = new Map<string, unknown>(Object.entries(prompts))
  const pick = (...names: readonly string[]) =>
    names.map((name) => texts.get(name)).find((text) => typeof text === 'string')
  const query = pick('query')
  const document = pick('document', 'passage', 'corpus')
  return query === undefined && document === undefined
    ? undefined
    : { query: query ?? '', document: document ?? '' }
}

async function readJson(path: string): Promise<Json | undefined> {
  const fs = globalThis.process?.getBuiltinModule?.('node:fs/promises')
  try {
    const value: unknown = JSON.parse((await fs?.readFile(path, 'utf8')) ?? 'null')
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    // An absent file is the usual case; a broken one says nothing either, and options can say it instead.
    return undefined
  }
}
