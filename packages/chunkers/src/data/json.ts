import type { CallOptions, Chunker, ChunkSpan, Document, Tokenizer } from '@tesserae/core'
import { checkInteger, pieceTokenizer, tell } from '@tesserae/core'
import { makeChunker } from '../internal/make-chunker.js'
import { checkBoolean, checkNames, chunkerId } from '../internal/options.js'
import type { Ruler } from '../internal/ruler.js'
import { rulerOf } from '../internal/ruler.js'
import { recursiveChunker } from '../recursive.js'
import { NO_CONTEXT } from '../structural/chunk-context.js'
import { makePace } from '../structural/pace.js'
import { fullPlan, packRange } from '../structural/pack-range.js'
import type { JsonText } from './json-cuts.js'
import { fitsWhole, jsonCuts, nodeAt, pointerOf } from './json-cuts.js'
import type { JsonNodes } from './json-nodes.js'
import { scanJson } from './json-nodes.js'

export interface JsonChunkerOptions {
  /** Hard cap of a chunk with its context, in tokens of `tokenizer`. @default 400 */
  readonly maxTokens?: number | undefined
  /**
   * Give chunks the JSON pointer of their first value, `/paths/~1pets/get`, as `context`, up to a quarter of
   * `maxTokens`; of a longer one the start is left out. @default true
   */
  readonly pointerContext?: boolean | undefined
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
}

/** Part of the cap that a context may take. */
export const CONTEXT_SHARE = 4

/**
 * Chunks of JSON, cut in front of members and elements: as many neighbours as fit, a value that fits never
 * divided, the less nested cuts first. A file of JSON lines is read as one array. The text is scanned where it
 * stands, so offsets are exact; marks are not looked at. Text that is not JSON is cut by `recursiveChunker`, and
 * an observer is told `chunk.fallback` with the offset of the error. Throws `invalid-argument` for options out of
 * range.
 */
export function jsonChunker(options: JsonChunkerOptions = {}): Chunker {
  checkNames('jsonChunker', options, ['maxTokens', 'pointerContext', 'tokenizer'])
  const maxTokens = checkInteger('maxTokens', options.maxTokens ?? 400)
  const tokenizer = options.tokenizer ?? pieceTokenizer()
  const pointerContext = checkBoolean('pointerContext', options.pointerContext ?? true)
  const pointerTokens = pointerContext ? Math.floor(maxTokens / CONTEXT_SHARE) : 0
  const id = chunkerId('json', { maxTokens, pointerTokens, tokenizer: tokenizer.id })
  return makeChunker(id, (document, call) =>
    splitJson(document, { maxTokens, pointerTokens, tokenizer }, id, call),
  )
}

export type JsonLimits = Pick<JsonText, 'maxTokens' | 'pointerTokens' | 'tokenizer'>

/** `jsonChunker` for a document that may not be JSON. */
export async function splitJson(
  document: Document,
  limits: JsonLimits,
  source: string,
  options: CallOptions,
): Promise<ChunkSpan[]> {
  const ruler = rulerOf(limits.tokenizer, document.text)
  const json = readJson(document.text, ruler, limits, 0)
  if (typeof json === 'number') return fallBack(document, limits, source, 'malformed-json', json, options)
  const spans: ChunkSpan[] = []
  const plan = jsonPlan(json)
  const { length } = document.text
  await packRange(plan, 0, length, jsonCuts(json, 0, length), spans, makePace(options.signal))
  return spans
}

/** The values of a JSON text, or the offset where it is malformed. Values up to `minDepth` keep what they hold. */
export function readJson(
  text: string,
  ruler: Ruler,
  limits: JsonLimits,
  minDepth: number,
): JsonText | number {
  const scan = scanJson(text, (nodes: JsonNodes, node) => {
    return nodes.depths[node]! >= minDepth && fitsWhole({ ...limits, text, nodes, ruler }, node)
  })
  return scan.type === 'malformed' ? scan.offset : { ...limits, text, nodes: scan.nodes, ruler }
}

export function jsonPlan(json: JsonText) {
  const { text, ruler, tokenizer, maxTokens, nodes } = json
  return fullPlan({ text, ruler, tokenizer, maxTokens }, (offset) => {
    const node = nodeAt(nodes, offset)
    return node <= 0 || json.pointerTokens === 0 ? NO_CONTEXT : pointerOf(json, node)
  })
}

/** What cannot be read as expected is cut as any text, and the observer learns why. */
export async function fallBack(
  { id, text, metadata }: Document,
  { maxTokens, tokenizer }: JsonLimits,
  source: string,
  reason: string,
  offset: number,
  { observer, signal }: CallOptions,
): Promise<ChunkSpan[]> {
  tell(observer, {
    type: 'chunk.fallback',
    source,
    labels: { documentId: id, reason },
    counts: { offset },
  })
  const spans = await recursiveChunker({ maxTokens, tokenizer }).split(
    { id, text, marks: [], metadata },
    { signal },
  )
  return [...spans]
}
