import type { Document } from '@tesserae/core'

/** Languages that are split along their syntax. */
export type CodeLanguage =
  | 'typescript'
  | 'tsx'
  | 'javascript'
  | 'python'
  | 'java'
  | 'go'
  | 'rust'
  | 'c'
  | 'cpp'
  | 'csharp'
  | 'php'
  | 'ruby'
  | 'bash'

/** The bytes of a tree-sitter grammar in WebAssembly, or the path or address where the runtime finds it. */
export type GrammarSource = (language: CodeLanguage) => Promise<Uint8Array | string>

export interface LanguageProfile {
  /** Name in the file name of the grammar, `tree-sitter-<grammar>.wasm`. */
  readonly grammar: string
  /** Endings of file names, without the dot, in lower case. */
  readonly extensions: readonly string[]
  /** Names of syntax nodes whose head becomes part of the signature path. */
  readonly declarations: ReadonlySet<string>
}

const ECMASCRIPT = [
  'function_declaration generator_function_declaration function_expression generator_function',
  'class_declaration class method_definition field_definition class_static_block',
  'variable_declarator assignment_expression pair call_expression',
].join(' ')
const TYPESCRIPT = [
  ECMASCRIPT,
  'abstract_class_declaration interface_declaration enum_declaration type_alias_declaration',
  'internal_module module public_field_definition',
].join(' ')
const CPP = [
  'function_definition class_specifier struct_specifier union_specifier enum_specifier',
  'namespace_definition linkage_specification concept_definition',
].join(' ')

const PROFILES: { readonly [language in CodeLanguage]: LanguageProfile } = {
  typescript: profile('typescript', 'ts mts cts', TYPESCRIPT),
  tsx: profile('tsx', 'tsx', TYPESCRIPT),
  javascript: profile('javascript', 'js mjs cjs jsx', ECMASCRIPT),
  python: profile('python', 'py pyi pyw', 'function_definition class_definition'),
  java: profile(
    'java',
    'java',
    'class_declaration interface_declaration enum_declaration record_declaration annotation_type_declaration method_declaration constructor_declaration compact_constructor_declaration',
  ),
  go: profile('go', 'go', 'function_declaration method_declaration type_spec'),
  rust: profile(
    'rust',
    'rs',
    'function_item impl_item trait_item mod_item struct_item enum_item union_item foreign_mod_item macro_definition',
  ),
  // The C++ grammar reads C, and no bundle of healthy grammars ships a separate one.
  c: profile('cpp', 'c', CPP),
  cpp: profile('cpp', 'h cc cpp cxx c++ hh hpp hxx h++ ipp tpp inl', CPP),
  csharp: profile(
    'c-sharp',
    'cs',
    'namespace_declaration class_declaration struct_declaration interface_declaration record_declaration enum_declaration method_declaration constructor_declaration property_declaration local_function_statement',
  ),
  php: profile(
    'php',
    'php',
    'namespace_definition class_declaration interface_declaration trait_declaration enum_declaration method_declaration function_definition',
  ),
  ruby: profile('ruby', 'rb rake gemspec', 'module class method singleton_method'),
  bash: profile('bash', 'sh bash', 'function_definition'),
}

export const LANGUAGES = Object.keys(PROFILES) as readonly CodeLanguage[]

export function profileOf(language: CodeLanguage): LanguageProfile {
  return PROFILES[language]
}

/** What `metadata.language` names, else what the file name of `uri` ends in; undefined for anything else. */
export function detectLanguage({ metadata, uri }: Document): CodeLanguage | undefined {
  const named = typeof metadata.language === 'string' ? metadata.language.toLowerCase() : ''
  for (const language of LANGUAGES) if (language === named) return language
  const path = uri?.split(/[?#]/, 1)[0] ?? ''
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  if (extension === name.toLowerCase()) return undefined
  return LANGUAGES.find((language) => PROFILES[language].extensions.includes(extension))
}

function profile(grammar: string, extensions: string, declarations: string): LanguageProfile {
  return { grammar, extensions: extensions.split(' '), declarations: new Set(declarations.split(' ')) }
}
