import type { CallOptions, Chunker, ChunkSpan, Document, Tokenizer } from '@tesserae/core'
import { checkInteger, checkOneOf, invalid, isRagError, pieceTokenizer } from '@tesserae/core'
import { makeChunker } from '../internal/make-chunker.js'
import { checkBoolean, checkNames, chunkerId } from '../internal/options.js'
import type { Grammar } from './grammar.js'
import { loadGrammar } from './grammar.js'
import type { CodeLanguage, GrammarSource } from './languages.js'
import { detectLanguage, LANGUAGES, profileOf } from './languages.js'
import { parseText } from './parse.js'
import { type CodeLimits, splitLines, splitTree } from './split-code.js'

export interface CodeChunkerOptions {
  /** Hard cap of a chunk with its context, in tokens of `tokenizer`. @default 400 */
  readonly maxTokens?: number | undefined
  /**
   * Language of the documents. 'auto': what `metadata.language` names, else what the file name in `uri` ends in;
   * documents of any other language are divided at lines. @default 'auto'
   */
  readonly language?: CodeLanguage | 'auto' | undefined
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
  /**
   * Give chunks from inside a declaration the path of its signatures as `context`, up to a quarter of
   * `maxTokens`. @default true
   */
  readonly signatureContext?: boolean | undefined
  /** Where grammars come from. @default the files of the package `@vscode/tree-sitter-wasm` */
  readonly grammars?: GrammarSource | undefined
  /**
   * When the runtime or the grammar of a known language is not installed: 'error' rejects with `unsupported`,
   * 'lines' divides its documents at lines. @default 'error'
   */
  readonly onMissingGrammar?: 'error' | 'lines' | undefined
  /** Longer documents are divided at lines: a syntax tree takes many times the memory of its text. @default 2_000_000 */
  readonly maxParseChars?: number | undefined
}

const OPTIONS = [
  'maxTokens',
  'language',
  'tokenizer',
  'signatureContext',
  'grammars',
  'onMissingGrammar',
  'maxParseChars',
]
/** Part of the cap that a signature path may take. */
const PATH_SHARE = 4

/**
 * Chunks of source code along its syntax: small neighbours together up to `maxTokens`, functions, classes and
 * other declarations whole where they fit, with their comments, decorators and attributes; larger ones divided
 * between members, then between statements, then at lines. A chunk from inside a declaration has the path to
 * it as `context`: `class Store > async get(id: string)`.
 *
 * Syntax errors do no harm: what the parser understood is used. Documents of unknown languages, documents longer
 * than `maxParseChars`, and texts that the parser finds excessively ambiguous are divided at blank lines and
 * lines. The parser is tree-sitter in WebAssembly, loaded with the grammar on first use. Throws
 * `invalid-argument` for options out of range; `split` rejects with `unsupported` for a missing package.
 */
export function codeChunker(options: CodeChunkerOptions = {}): Chunker {
  checkNames('codeChunker', options, OPTIONS)
  const maxTokens = checkInteger('maxTokens', options.maxTokens ?? 400)
  const language = checkOneOf('language', options.language ?? 'auto', ['auto', ...LANGUAGES])
  const tokenizer = options.tokenizer ?? pieceTokenizer()
  const signatureContext = checkBoolean('signatureContext', options.signatureContext ?? true)
  const onMissingGrammar = checkOneOf('onMissingGrammar', options.onMissingGrammar ?? 'error', [
    'error',
    'lines',
  ])
  const maxParseChars = checkInteger('maxParseChars', options.maxParseChars ?? 2_000_000, 0)
  const { grammars } = options
  if (grammars !== undefined && typeof grammars !== 'function') {
    invalid('grammars', 'a function from a language to the bytes or the path of its grammar', grammars)
  }
  const limits: CodeLimits = {
    maxTokens,
    pathTokens: signatureContext ? Math.floor(maxTokens / PATH_SHARE) : 0,
    tokenizer,
  }
  const id = chunkerId('code', {
    maxTokens,
    language,
    tokenizer: tokenizer.id,
    signatureContext,
    onMissingGrammar,
    maxParseChars,
  })

  return makeChunker(id, async (document, call) => {
    const found = language === 'auto' ? detectLanguage(document) : language
    const isParsed = found !== undefined && document.text.length <= maxParseChars
    const spans = isParsed ? await splitParsed(document, found, call) : undefined
    return spans ?? splitLines(document.text, limits, call)
  })

  /** Undefined where lines have to do. */
  async function splitParsed(
    { text }: Document,
    found: CodeLanguage,
    call: CallOptions,
  ): Promise<readonly ChunkSpan[] | undefined> {
    const grammar = await grammarOf(found)
    if (grammar === undefined) return undefined
    const tree = await parseText(grammar, text, call.signal)
    if (tree === undefined) return undefined
    try {
      return await splitTree(tree.rootNode, text, profileOf(found), limits, call)
    } finally {
      tree.delete()
    }
  }

  async function grammarOf(found: CodeLanguage): Promise<Grammar | undefined> {
    try {
      return await loadGrammar(found, grammars)
    } catch (error) {
      if (onMissingGrammar === 'lines' && isRagError(error, 'unsupported')) return undefined
      throw error
    }
  }
}
