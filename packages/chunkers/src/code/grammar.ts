import { isRagError, RagError } from '@tesserae/core'
import type { Language, Parser } from 'web-tree-sitter'
import type { CodeLanguage, GrammarSource } from './languages.js'
import { profileOf } from './languages.js'

export interface Grammar {
  readonly language: Language
  newParser(): Parser
}

type Runtime = typeof import('web-tree-sitter')
type GrammarCache = Map<string, Promise<Grammar>>

const RUNTIME = 'web-tree-sitter'
const GRAMMARS = '@vscode/tree-sitter-wasm'

/** What was loaded stays: WebAssembly modules cannot be unloaded, so loading one twice would leak it. */
const caches = new WeakMap<GrammarSource, GrammarCache>()
let runtime: Promise<Runtime> | undefined

/**
 * The grammar of `language`, loaded on its first use. Throws `unsupported` when a package is missing and
 * `load-failed` when what `source` gave is not a grammar that the runtime can use.
 */
export function loadGrammar(
  language: CodeLanguage,
  source: GrammarSource = packagedGrammar,
): Promise<Grammar> {
  const cache: GrammarCache = caches.get(source) ?? new Map()
  caches.set(source, cache)
  // Several languages may share one grammar of the package.
  const key = source === packagedGrammar ? profileOf(language).grammar : language
  const known = cache.get(key)
  if (known) return known
  const loading = instantiate(language, source).catch((error: unknown) => {
    // What failed is tried again next time: the package may be installed by then.
    cache.delete(key)
    throw error
  })
  cache.set(key, loading)
  return loading
}

async function instantiate(language: CodeLanguage, source: GrammarSource): Promise<Grammar> {
  const { Language, Parser } = await loadRuntime(language)
  try {
    return { language: await Language.load(await source(language)), newParser: () => new Parser() }
  } catch (cause) {
    if (isRagError(cause)) throw cause
    throw new RagError(
      'load-failed',
      `The tree-sitter grammar of ${language} could not be loaded into ${RUNTIME}. Use a grammar built for a recent tree-sitter (ABI 13 to 15).`,
      { details: { language }, cause },
    )
  }
}

function loadRuntime(language: CodeLanguage): Promise<Runtime> {
  runtime ??= startRuntime(language).catch((error: unknown) => {
    runtime = undefined
    throw error
  })
  return runtime
}

async function startRuntime(language: CodeLanguage): Promise<Runtime> {
  try {
    const module = await import('web-tree-sitter')
    await module.Parser.init()
    return module
  } catch (cause) {
    throw missing(language, cause)
  }
}

/** The grammar that ships with the optional peer. */
async function packagedGrammar(language: CodeLanguage): Promise<Uint8Array> {
  try {
    const { createRequire } = await import('node:module')
    const { readFile } = await import('node:fs/promises')
    const file = `${GRAMMARS}/wasm/tree-sitter-${profileOf(language).grammar}.wasm`
    return await readFile(createRequire(import.meta.url).resolve(file))
  } catch (cause) {
    throw missing(language, cause)
  }
}

function missing(language: CodeLanguage, cause: unknown): RagError {
  return new RagError(
    'unsupported',
    `Splitting ${language} along its syntax needs the packages "${RUNTIME}" and "${GRAMMARS}", which could not be loaded. Install them (npm install ${RUNTIME} ${GRAMMARS}), pass \`grammars\`, or set \`onMissingGrammar\` to 'lines'.`,
    { details: { language, packages: `${RUNTIME} ${GRAMMARS}` }, cause },
  )
}
