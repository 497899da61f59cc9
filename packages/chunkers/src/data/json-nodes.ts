import { NUMBER_END, scanNumber, scanString } from './json-tokens.js'

/**
 * Values of a JSON text in the order they begin, as columns. Node 0 is the root: the sequence of top-level
 * values, one in a JSON file, any number in a file of JSON lines.
 */
export class JsonNodes {
  /** Where the node begins: at its key in an object, else at its value. */
  readonly starts: number[] = []
  readonly valueStarts: number[] = []
  /** Where the value ends. */
  readonly ends: number[] = []
  /** Node that this one lies in; -1 for the root. */
  readonly parents: number[] = []
  /** Position among the parent's members or elements. */
  readonly positions: number[] = []
  readonly depths: number[] = []
  /** Top-level values so far. */
  texts = 0

  get size(): number {
    return this.starts.length
  }

  add(start: number, parent: number, position: number): number {
    this.starts.push(start)
    this.valueStarts.push(start)
    this.ends.push(start)
    this.parents.push(parent)
    this.positions.push(position)
    this.depths.push(parent < 0 ? 0 : this.depths[parent]! + 1)
    if (parent === 0) this.texts++
    return this.size - 1
  }

  truncate(size: number): void {
    for (const column of [
      this.starts,
      this.valueStarts,
      this.ends,
      this.parents,
      this.positions,
      this.depths,
    ]) {
      column.length = size
    }
  }
}

export type JsonScan =
  | { readonly type: 'nodes'; readonly nodes: JsonNodes }
  | { readonly type: 'malformed'; readonly offset: number }

/** What a scanner stands in front of. */
const VALUE = 0
const VALUE_OR_END = 1
const KEY = 2
const KEY_OR_END = 3
const COMMA_OR_END = 4

/**
 * Reads JSON (RFC 8259), or several JSON texts one after the other, without building values: only where each
 * begins and ends, in one pass and without recursion. `isWhole` is asked for each finished value; the inside of
 * one that is whole is forgotten.
 */
export function scanJson(text: string, isWhole: (nodes: JsonNodes, node: number) => boolean): JsonScan {
  const nodes = new JsonNodes()
  nodes.add(0, -1, 0)
  nodes.ends[0] = text.length
  /** Open containers, the root first, and how many members each has so far. */
  const open = [0]
  const members = [0]
  let state = VALUE
  let at = 0
  let node = -1
  for (;;) {
    at = skipSpace(text, at)
    const isTop = open.length === 1
    if (at === text.length) return isTop && state === VALUE ? { type: 'nodes', nodes } : malformed(at)
    const code = text.charCodeAt(at)
    if (state === KEY || state === KEY_OR_END) {
      if (code === 0x7d && state === KEY_OR_END) {
        at++
        closeContainer()
        continue
      }
      const keyEnd = code === 0x22 ? scanString(text, at) : -1
      if (keyEnd < 0) return malformed(at)
      node = nodes.add(at, open.at(-1)!, members[members.length - 1]!++)
      at = skipSpace(text, keyEnd)
      if (text.charCodeAt(at) !== 0x3a) return malformed(at)
      at++
      state = VALUE
      continue
    }
    if (state === COMMA_OR_END) {
      const isObject = text.charCodeAt(nodes.valueStarts[open.at(-1)!]!) === 0x7b
      at++
      if (code === 0x2c) state = isObject ? KEY : VALUE
      else if (code === (isObject ? 0x7d : 0x5d)) closeContainer()
      else return malformed(at - 1)
      continue
    }
    if (state === VALUE_OR_END && code === 0x5d) {
      at++
      closeContainer()
      continue
    }
    if (node < 0) node = nodes.add(at, open.at(-1)!, members[members.length - 1]!++)
    nodes.valueStarts[node] = at
    if (code === 0x7b || code === 0x5b) {
      open.push(node)
      members.push(0)
      node = -1
      at++
      state = code === 0x7b ? KEY_OR_END : VALUE_OR_END
      continue
    }
    const end = scanScalar(text, at, code)
    if (end < 0) return malformed(at)
    nodes.ends[node] = end
    node = -1
    at = end
    state = open.length === 1 ? VALUE : COMMA_OR_END
  }

  function closeContainer(): void {
    const closed = open.pop()!
    members.pop()
    nodes.ends[closed] = at
    if (isWhole(nodes, closed)) nodes.truncate(closed + 1)
    node = -1
    state = open.length === 1 ? VALUE : COMMA_OR_END
  }
}

function malformed(offset: number): JsonScan {
  return { type: 'malformed', offset }
}

function skipSpace(text: string, offset: number): number {
  let at = offset
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break
    at++
  }
  return at
}

/** End of the string, number or literal at `at`, or -1. */
function scanScalar(text: string, at: number, code: number): number {
  if (code === 0x22) return scanString(text, at)
  for (const literal of ['true', 'false', 'null']) {
    if (text.startsWith(literal, at)) return endOfWord(text, at + literal.length)
  }
  return endOfWord(text, scanNumber(text, at))
}

/** `end`, unless a scalar runs into something that cannot follow it. */
function endOfWord(text: string, end: number): number {
  return end < 0 || end === text.length || NUMBER_END.includes(text.charAt(end)) ? end : -1
}
