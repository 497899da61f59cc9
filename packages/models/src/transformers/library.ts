import { isRagError, RagError } from '@tesserae/core'

// What is used of @huggingface/transformers and of ONNX Runtime, typed here: the package is an optional peer,
// so the types that users see must not name it.

export interface Tensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: unknown
  to(type: 'float32'): Tensor
  dispose(): void
}

export interface Encoded {
  readonly input_ids: readonly number[]
  readonly token_type_ids?: readonly number[] | undefined
}

export interface EncodeOptions {
  readonly text_pair?: string
  readonly add_special_tokens: boolean
  readonly return_token_type_ids: boolean
  readonly return_tensor: false
}

export interface LibraryTokenizer {
  (text: string, options: EncodeOptions): Encoded
  readonly model_max_length: number
  readonly pad_token_id: number | undefined
}

export interface LibraryModel {
  (inputs: { readonly [name: string]: Tensor }): Promise<{ readonly [name: string]: Tensor }>
  readonly config: { readonly [name: string]: unknown }
  readonly sessions: { readonly [name: string]: { readonly inputNames: readonly string[] } }
  dispose(): Promise<unknown>
}

export interface PretrainedOptions {
  readonly revision: string
  readonly local_files_only: boolean
  readonly cache_dir: string | null
}

export interface SessionOptions extends PretrainedOptions {
  readonly dtype: string
  readonly device: string
  readonly session_options: { readonly [name: string]: unknown }
}

interface Loader<Options, Result> {
  from_pretrained(model: string, options: Options): Promise<Result>
}

export interface Library {
  readonly AutoTokenizer: Loader<PretrainedOptions, LibraryTokenizer>
  readonly AutoModel: Loader<SessionOptions, LibraryModel>
  readonly AutoModelForSequenceClassification: Loader<SessionOptions, LibraryModel>
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: number[]) => Tensor
}

/** Where the model is computed: ONNX Runtime's native library, or its WebAssembly build. */
export type Backend = 'native' | 'wasm'

export interface Runtime {
  readonly library: Library
  /** How sessions of this runtime are made. */
  readonly device: string
  readonly sessionOptions: { readonly [name: string]: unknown }
}

/** The peer's own types come from comments and are wider than its behaviour; what is called is looked for instead. */
function isLibrary(module: object): module is Library {
  return ['AutoTokenizer', 'AutoModel', 'AutoModelForSequenceClassification', 'Tensor'].every(
    (name) => typeof Reflect.get(module, name) === 'function',
  )
}

function checked(module: object): Library {
  if (isLibrary(module)) return module
  throw new RagError(
    'unsupported',
    `The installed ${peer} has not what is needed here. Install version 4: npm install ${peer}@4`,
    { details: { package: peer } },
  )
}

const peer = '@huggingface/transformers'
const symbol = Symbol.for('onnxruntime')
const loading = new Map<string, Promise<Runtime>>()

/**
 * The library with the wanted runtime behind it, loaded once per backend and number of threads. On Node the
 * library takes the native runtime unless a global symbol offers another one while it is being evaluated: so
 * for WebAssembly a second instance of it is loaded with the symbol set for just that long. The runtime's
 * program is read from the installed package; by default it would be fetched from a public server.
 *
 * @throws RagError `unsupported` when the peer is not installed or the backend does not exist here.
 */
export function loadRuntime(backend: Backend, threads: number): Promise<Runtime> {
  const key = `${backend}-${threads}`
  let runtime = loading.get(key)
  if (runtime === undefined) {
    runtime = load(backend, threads)
    loading.set(key, runtime)
    runtime.catch(() => loading.delete(key))
  }
  return runtime
}

async function load(backend: Backend, threads: number): Promise<Runtime> {
  try {
    const module = globalThis.process?.getBuiltinModule?.('node:module')
    if (backend === 'native') {
      if (module === undefined) {
        throw new RagError(
          'unsupported',
          'The backend "native" exists on Node only. Leave `backend` out or set it to "wasm".',
        )
      }
      const library = checked(await import('@huggingface/transformers'))
      return { library, device: 'cpu', sessionOptions: { intraOpNumThreads: threads } }
    }
    if (module === undefined) {
      const library = checked(await import('@huggingface/transformers'))
      return { library, device: 'wasm', sessionOptions: {} }
    }
    return await loadWebAssembly(module.createRequire, threads)
  } catch (cause) {
    if (isRagError(cause)) throw cause
    throw new RagError(
      'unsupported',
      `@tesserae/models/transformers needs the package ${peer}. Install it beside Tesserae: npm install ${peer}`,
      { details: { package: peer }, cause },
    )
  }
}

type CreateRequire = typeof import('node:module').createRequire

interface WebRuntime {
  readonly env: { readonly wasm: { wasmPaths: string; numThreads: number } }
}

/** One after the other: the symbol belongs to whoever is loading. */
let chain: Promise<unknown> = Promise.resolve()

function loadWebAssembly(createRequire: CreateRequire, threads: number): Promise<Runtime> {
  const turn = chain.then(async (): Promise<Runtime> => {
    // `require` finds the CommonJS build; the ES module lies beside it and can be loaded more than once.
    const found = createRequire(import.meta.url).resolve(peer)
    const url = fileUrl(found.replace(/\.cjs$/, '.mjs'))
    const runtimePath = createRequire(found).resolve('onnxruntime-web')
    const query = `?tesserae=wasm-${threads}`
    const imported: WebRuntime & { readonly default?: WebRuntime } = await import(
      `${fileUrl(runtimePath.replace(/\.js$/, '.mjs'))}${query}`
    )
    const { env } = imported.default ?? imported
    env.wasm.wasmPaths = fileUrl(runtimePath).replace(/[^/]*$/, '')
    env.wasm.numThreads = threads
    const before = Object.getOwnPropertyDescriptor(globalThis, symbol)
    Object.defineProperty(globalThis, symbol, { value: imported.default ?? imported, configurable: true })
    try {
      const library = checked(await import(`${url}${query}`))
      return { library, device: 'auto', sessionOptions: { executionProviders: ['wasm'] } }
    } finally {
      if (before === undefined) Reflect.deleteProperty(globalThis, symbol)
      else Object.defineProperty(globalThis, symbol, before)
    }
  })
  chain = turn.catch(() => {})
  return turn
}

function fileUrl(path: string): string {
  const url = globalThis.process?.getBuiltinModule?.('node:url')
  return url === undefined ? path : url.pathToFileURL(path).href
}
