import type { Tokenizer } from '@tesserae/core'
import { CutTable } from '../internal/cut-table.js'
import type { Ruler } from '../internal/ruler.js'
import type { ChunkContext } from '../structural/chunk-context.js'
import { MAX_PARTS, oneLine, pathContext } from '../structural/chunk-context.js'
import { likelyFits } from '../structural/fit.js'
import { proseCuts } from '../structural/leaf-cuts.js'
import { lastAtMost } from '../structural/outline.js'
import { pushCut, STRUCTURE_RANK } from '../structural/pack-range.js'
import type { JsonNodes } from './json-nodes.js'
import { scanString } from './json-tokens.js'

const OUTERMOST_RANK = 250
const RANKS_PER_DEPTH = 4
const INNERMOST_RANK = STRUCTURE_RANK + 1

export interface JsonText {
  readonly text: string
  readonly nodes: JsonNodes
  readonly ruler: Ruler
  readonly tokenizer: Tokenizer
  readonly maxTokens: number
  /** Most tokens of a pointer; 0 for none. */
  readonly pointerTokens: number
}

/** JSON pointer (RFC 6901) of a node, cut from the left to the tokens it may have; '' for a whole text. */
export function pointerOf({ text, nodes, tokenizer, pointerTokens }: JsonText, node: number): ChunkContext {
  const parts: string[] = []
  for (let at = node; at > 0 && parts.length < MAX_PARTS; at = nodes.parents[at]!) {
    const part = partOf(text, nodes, at)
    if (part !== undefined) parts.push(part)
  }
  // The pointer of a path begins with a slash.
  return pathContext(parts.length === 0 ? [] : ['', ...parts.reverse()], '/', pointerTokens, tokenizer)
}

/** Key or position; a text that is the only one needs neither. */
function partOf(text: string, nodes: JsonNodes, node: number): string | undefined {
  const position = nodes.positions[node]!
  const isTop = nodes.parents[node] === 0
  if (isTop) return nodes.texts < 2 ? undefined : String(position)
  if (nodes.starts[node] === nodes.valueStarts[node]) return String(position)
  return oneLine(keyOf(text, nodes, node))
    .replaceAll('~', '~0')
    .replaceAll('/', '~1')
}

/** Key of a node in an object. */
export function keyOf(text: string, nodes: JsonNodes, node: number): string {
  const start = nodes.starts[node]!
  const key: unknown = JSON.parse(text.slice(start, scanString(text, start)))
  return typeof key === 'string' ? key : ''
}

/** The value that a chunk which starts at `offset` goes on with. */
export function nodeAt(nodes: JsonNodes, offset: number): number {
  return lastAtMost(nodes.size, offset, (index) => nodes.starts[index]!)
}

/** True when the node, under its pointer, fits into one chunk. */
export function fitsWhole(json: JsonText, node: number): boolean {
  const { nodes, ruler, maxTokens, pointerTokens } = json
  const start = nodes.starts[node]!
  const end = nodes.ends[node]!
  const tokens = ruler.count(start, end)
  if (tokens > maxTokens) return false
  if (tokens <= maxTokens - pointerTokens) return likelyFits(ruler, start, end, maxTokens - pointerTokens)
  return likelyFits(ruler, start, end, maxTokens - pointerOf(json, node).tokens)
}

/**
 * Cuts of [start, end) in front of members and elements, the less nested the better; none inside values that
 * fit, none behind an opening bracket, and sentences inside strings that do not fit.
 */
export function jsonCuts(json: JsonText, start: number, end: number): CutTable {
  const { text, nodes } = json
  const cuts = new CutTable()
  const first = lastAtMost(nodes.size, start - 1, (index) => nodes.starts[index]!) + 1
  let wholeUntil = start
  for (let node = Math.max(1, first); node < nodes.size && nodes.starts[node]! < end; node++) {
    const nodeStart = nodes.starts[node]!
    if (nodeStart < wholeUntil) continue
    if (nodes.positions[node]! > 0 || nodes.parents[node] === 0) {
      const rank = Math.max(INNERMOST_RANK, OUTERMOST_RANK - RANKS_PER_DEPTH * nodes.depths[node]!)
      pushCut(cuts, text, start, end, nodeStart, rank)
    }
    const isLeaf = nodes.parents[node + 1] !== node
    // A container whose inside the scanner forgot fits; asking again would cost half the time.
    if ((isLeaf && isContainer(node)) || fitsWhole(json, node)) wholeUntil = nodes.ends[node]!
    else if (isLeaf) proseCuts({ cuts, text, start, end }, nodes.valueStarts[node]!, nodes.ends[node]!)
  }
  return cuts

  function isContainer(node: number): boolean {
    const first = text.charCodeAt(nodes.valueStarts[node]!)
    return first === 0x7b || first === 0x5b
  }
}
