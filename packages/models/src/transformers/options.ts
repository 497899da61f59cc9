import { checkInteger, checkOneOf, invalid, RagError } from '@tesserae/core'
import type { Backend } from './library.js'
import { type Oversize, oversizes } from './pieces.js'

export type DataType = 'fp32' | 'fp16' | 'q8' | 'int8' | 'uint8' | 'q4' | 'q4f16' | 'bnb4'
const dataTypes: readonly DataType[] = ['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4']

/** What embedders and cross-encoders have in common. */
export interface ModelOptions {
  /** A model on the Hugging Face hub that has ONNX files. Downloaded once and kept in `cacheFolder`. */
  readonly model?: string | undefined
  /** A folder with the model's files instead of `model`; nothing is downloaded then. */
  readonly path?: string | undefined
  /** Branch, tag or commit on the hub. @default 'main' */
  readonly revision?: string | undefined
  /** Where downloads are kept. @default the folder that transformers.js chooses */
  readonly cacheFolder?: string | undefined
  /** Only what is in the cache already; a missing file is an error, not a download. @default false */
  readonly offline?: boolean | undefined
  /** Which of the model's files: `q8` is `onnx/model_quantized.onnx`. @default 'fp32' */
  readonly dataType?: DataType | undefined
  /** ONNX Runtime as a native library (Node) or in WebAssembly. @default 'native' on Node, 'wasm' elsewhere */
  readonly backend?: Backend | undefined
  /** Threads one run computes with. @default 1 for 'wasm', half the cores, at least 1, for 'native' */
  readonly threads?: number | undefined
  /** Compute in a worker thread, so that the event loop of this one stays free. Node only. @default false */
  readonly worker?: boolean | undefined
  /** Tokens the model reads, special tokens and prefix counted. @default what its files say */
  readonly maxTokens?: number | undefined
  /** Texts with more tokens than that: read in pieces, cut, or refused. @default 'split' */
  readonly oversize?: Oversize | undefined
  /**
   * Texts computed together, of neighbouring lengths. Numbers of an int8 model depend on what else is in the
   * run, so these run alone by default, and are no slower for it. @default 1 for int8 models, 8 for others
   */
  readonly textsPerRun?: number | undefined
  /** Ends the loading. */
  readonly signal?: AbortSignal | undefined
}

/** Checked options, with nothing left open; they can be sent to a worker thread. */
export interface ModelSettings {
  /** What transformers.js is asked for: an id on the hub or a folder. */
  readonly source: string
  /** The model in messages and ids: its name, without the path to it. */
  readonly name: string
  readonly local: boolean
  readonly revision: string
  readonly cacheFolder: string | null
  readonly offline: boolean
  readonly dataType: DataType
  readonly backend: Backend
  readonly threads: number
  readonly maxTokens: number | undefined
  readonly oversize: Oversize
  readonly textsPerRun: number
}

/** Padded tokens of one run: bounds its memory. */
export const tokensPerRun = 4096

const int8: readonly DataType[] = ['q8', 'int8', 'uint8']

export function modelSettings(options: ModelOptions, defaultModel: string): ModelSettings {
  const { model, path } = options
  if (model !== undefined && path !== undefined) {
    throw new RagError(
      'invalid-argument',
      '`model` and `path` must not both be given. Leave one of them out.',
    )
  }
  for (const [name, value] of Object.entries({ model, path, revision: options.revision })) {
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      invalid(name, 'a string with something in it', value)
  }
  for (const name of ['offline', 'worker'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'boolean') invalid(name, 'true or false', value)
  }
  const onNode = globalThis.process?.versions?.node !== undefined
  const backend = checkOneOf('backend', options.backend ?? (onNode ? 'native' : 'wasm'), ['native', 'wasm'])
  if (options.worker && !onNode) {
    throw new RagError(
      'unsupported',
      '`worker` needs Node. In a browser, call the embedder from a worker of your own.',
    )
  }
  const dataType = checkOneOf('dataType', options.dataType ?? 'fp32', dataTypes)
  const source = path === undefined ? (model ?? defaultModel) : absolute(path)
  const name = path === undefined ? source : (source.split(/[/\\]/).filter(Boolean).at(-1) ?? source)
  return {
    source,
    name,
    local: path !== undefined,
    revision: options.revision ?? 'main',
    cacheFolder: options.cacheFolder ?? null,
    offline: options.offline ?? path !== undefined,
    dataType,
    backend,
    threads: checkInteger('threads', options.threads ?? defaultThreads(backend)),
    maxTokens: options.maxTokens === undefined ? undefined : checkInteger('maxTokens', options.maxTokens, 3),
    oversize: checkOneOf('oversize', options.oversize ?? 'split', oversizes),
    textsPerRun: checkInteger('textsPerRun', options.textsPerRun ?? (int8.includes(dataType) ? 1 : 8)),
  }
}

/** The library takes what looks like `owner/name` for an id on the hub, so a folder is always absolute. */
function absolute(path: string): string {
  return globalThis.process?.getBuiltinModule?.('node:path').resolve(path) ?? path
}

function defaultThreads(backend: Backend): number {
  const cores = globalThis.process?.getBuiltinModule?.('node:os').availableParallelism() ?? 1
  return backend === 'wasm' ? 1 : Math.max(1, Math.floor(cores / 2))
}
