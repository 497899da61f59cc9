import type { Node } from 'web-tree-sitter'
import { oneLine } from '../structural/chunk-context.js'
import type { LanguageProfile } from './languages.js'

/** A declaration that surrounds text, for the signature path. */
export interface Frame {
  readonly outer: Frame | undefined
  readonly signature: string
}

export interface Signature {
  readonly text: string
  /** Id of the value that the signature speaks for (`const f = () => {…}`), which needs no frame of its own. */
  readonly valueId: number | undefined
}

/** A declaration around a declaration, whose head belongs to the signature when it holds only one. */
const WRAPPERS = new Set([
  'template_declaration',
  'lexical_declaration',
  'variable_declaration',
  'type_declaration',
])
/** What stands in front of a declaration and is no part of its signature. */
const LEADING = /comment|decorator|annotation|attribute/
/** They count as declarations when what they hold has a body. */
const VALUES = new Set(['variable_declarator', 'assignment_expression', 'pair', 'call_expression'])
const FUNCTIONS = new Set(['arrow_function', 'function_expression', 'function'])

/** True for declarations, exported, decorated and templated ones included, but not for plain values and calls. */
export function isDeclaration(node: Node, { declarations }: LanguageProfile): boolean {
  return [node, ...node.namedChildren].some(
    (child) => declarations.has(child.type) && (!VALUES.has(child.type) || holdsBody(child)),
  )
}

function holdsBody(node: Node): boolean {
  if (node.type === 'call_expression') return namedCallback(node) !== undefined
  const value = node.childForFieldName('value') ?? node.childForFieldName('right')
  return value?.childForFieldName('body') != null
}

/** Where the signature of the declaration inside `node` starts, when `node` only wraps that one. */
export function wrappedSignatureStart(node: Node): number | undefined {
  if (!WRAPPERS.has(node.type)) return undefined
  const inner = node.namedChildren.filter(
    (child) => !LEADING.test(child.type) && child.type !== 'template_parameter_list',
  )
  return inner.length === 1 ? node.startIndex : undefined
}

/**
 * The head of a declaration as one line: from behind its decorators to where its body starts. Undefined for
 * nodes that declare nothing.
 *
 * @param start where the signature starts when a wrapper says so
 */
export function signatureOf(
  node: Node,
  profile: LanguageProfile,
  text: string,
  start: number | undefined,
): Signature | undefined {
  if (!profile.declarations.has(node.type)) return undefined
  if (node.type === 'call_expression') return callSignature(node, text)
  const value =
    node.childForFieldName('value') ?? node.childForFieldName('right') ?? node.childForFieldName('type')
  const ownBody = node.childForFieldName('body')
  const end = ownBody ? ownBody.startIndex : value ? bodyStart(value) : fallbackBodyStart(node)
  if (end === undefined) return undefined
  const from = start ?? headStart(node)
  const head = cleanHead(text.slice(from, Math.max(from, Math.min(end, headEnd(node, from)))))
  return head === '' ? undefined : { text: head, valueId: ownBody ? undefined : value?.id }
}

/** `describe('cache', () => {…})` and the like: a call with a name and a function. */
function callSignature(node: Node, text: string): Signature | undefined {
  const named = namedCallback(node)
  if (named === undefined) return undefined
  const head = oneLine(text.slice(node.startIndex, named.name.endIndex))
  return { text: `${head})`, valueId: named.callback.id }
}

function namedCallback(call: Node): { readonly name: Node; readonly callback: Node } | undefined {
  const given = call.childForFieldName('arguments')?.namedChildren ?? []
  const name = given[0]
  const callback = given.at(-1)
  if (name === undefined || callback === undefined || !/string/.test(name.type)) return undefined
  return FUNCTIONS.has(callback.type) ? { name, callback } : undefined
}

/** Where the body of a value starts: behind the parameters of a function, at the brace of a struct. */
function bodyStart(value: Node): number {
  const body = value.childForFieldName('body')
  if (body) return body.startIndex
  for (const child of value.children) {
    if (child.type === '{' || child.type === 'field_declaration_list') return child.startIndex
  }
  return value.startIndex
}

/** For declarations whose grammar names no body: the first brace or list of members. */
function fallbackBodyStart(node: Node): number | undefined {
  for (const child of node.children) {
    if (/^\{$|(list|body|block|accessors|token_tree|macro_rule)$/.test(child.type)) {
      if (!/parameter|argument|base|attribute/.test(child.type)) return child.startIndex
    }
  }
  return undefined
}

/** Behind leading comments, decorators, attributes and annotations. */
function headStart(node: Node): number {
  for (const child of node.children) {
    if (LEADING.test(child.type)) continue
    return child.type === 'modifiers' && child.childCount > 0 ? headStart(child) : child.startIndex
  }
  return node.endIndex
}

/** Where comments between head and body, or the initializers of a constructor, begin. */
function headEnd(node: Node, from: number): number {
  for (const child of node.children) {
    if (child.startIndex > from && /comment|^field_initializer_list$/.test(child.type))
      return child.startIndex
  }
  return node.endIndex
}

function cleanHead(head: string): string {
  return oneLine(head)
    .replace(/\s*=>$/, '')
    .replace(/[\s{:=]+$/, '')
}
