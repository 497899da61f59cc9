import type { Chunker, ChunkSpan, Tokenizer } from '@tesserae/core'
import { checkInteger, pieceTokenizer } from '@tesserae/core'
import { makeChunker } from '../internal/make-chunker.js'
import { checkNames, chunkerId } from '../internal/options.js'
import { rulerOf } from '../internal/ruler.js'
import { clippedContext, oneLine } from '../structural/chunk-context.js'
import { makePace } from '../structural/pace.js'
import { packRange } from '../structural/pack-range.js'
import { CONTEXT_SHARE, fallBack, jsonPlan, readJson, splitJson } from './json.js'
import type { JsonText } from './json-cuts.js'
import { jsonCuts, keyOf } from './json-cuts.js'

export interface OpenApiChunkerOptions {
  /** Hard cap of a chunk with its context, in tokens of `tokenizer`. @default 400 */
  readonly maxTokens?: number | undefined
  /** What a token is. @default pieceTokenizer() */
  readonly tokenizer?: Tokenizer | undefined
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query']
/** Depths of nodes: the description is 1, its members 2, path items 3, operations 4. */
const MEMBER_DEPTH = 2
const ITEM_DEPTH = 3
const OPERATION_DEPTH = 4

/**
 * Chunks of an OpenAPI description (2.0 to 3.2) in JSON: one for each operation of `paths` and `webhooks`, with
 * `GET /pets/{id}: Summary` as context, an operation over the cap divided at its members. What a path's operations
 * share stands with the first; everything else (info, components) is cut as by `jsonChunker`. JSON that describes
 * no API is cut by `jsonChunker`, other text, YAML included, by `recursiveChunker`; an observer is told
 * `chunk.fallback`. Throws `invalid-argument` for options out of range.
 */
export function openApiChunker(options: OpenApiChunkerOptions = {}): Chunker {
  checkNames('openApiChunker', options, ['maxTokens', 'tokenizer'])
  const maxTokens = checkInteger('maxTokens', options.maxTokens ?? 400)
  const tokenizer = options.tokenizer ?? pieceTokenizer()
  const limits = { maxTokens, pointerTokens: Math.floor(maxTokens / CONTEXT_SHARE), tokenizer }
  const id = chunkerId('openapi', { maxTokens, tokenizer: tokenizer.id })
  return makeChunker(id, async (document, call) => {
    const { text } = document
    const json = readJson(text, rulerOf(tokenizer, text), limits, OPERATION_DEPTH)
    if (typeof json === 'number') return fallBack(document, limits, id, 'malformed-json', json, call)
    const operations = describesApi(json) ? findOperations(json) : []
    if (operations.length === 0) return splitJson(document, limits, id, call)
    const spans: ChunkSpan[] = []
    const pace = makePace(call.signal)
    const plan = jsonPlan(json)
    for (const [index, { start, title }] of operations.entries()) {
      const end = operations[index + 1]?.start ?? text.length
      const context = clippedContext(title, limits.pointerTokens, tokenizer)
      const rangePlan = title === '' ? plan : { ...plan, contextAt: () => context }
      await packRange(rangePlan, start, end, jsonCuts(json, start, end), spans, pace)
    }
    return spans
  })
}

/** A stretch of the text that no chunk crosses the edges of. */
interface Stretch {
  readonly start: number
  /** '' for what is no operation. */
  readonly title: string
}

function describesApi({ text, nodes }: JsonText): boolean {
  for (let node = 1; node < nodes.size; node++) {
    if (nodes.depths[node] !== MEMBER_DEPTH || !isMember(nodes, node)) continue
    const key = keyOf(text, nodes, node)
    if (key === 'openapi' || key === 'swagger') return text.charAt(nodes.valueStarts[node]!) === '"'
  }
  return false
}

/** Stretches from the start of the text to its end; none when there is no operation. */
function findOperations({ text, nodes }: JsonText): readonly Stretch[] {
  const stretches: Stretch[] = [{ start: 0, title: '' }]
  let isPaths = false
  let path = ''
  let pathStart = -1
  let firstStart = -1
  let found = 0
  for (let node = 1; node < nodes.size; node++) {
    const depth = nodes.depths[node]!
    if (depth > OPERATION_DEPTH || depth < MEMBER_DEPTH || !isMember(nodes, node)) continue
    const start = nodes.starts[node]!
    const key = keyOf(text, nodes, node)
    if (depth === MEMBER_DEPTH) {
      firstStart = isPaths ? start : -1
      if (isPaths) stretches.push({ start, title: '' })
      isPaths = key === 'paths' || key === 'webhooks'
    } else if (isPaths && depth === ITEM_DEPTH) {
      path = key
      // The key of `webhooks` behind `paths` goes with its first item.
      if (firstStart >= 0) stretches.pop()
      pathStart = firstStart >= 0 ? firstStart : start
      firstStart = -1
      stretches.push({ start: pathStart, title: '' })
    } else if (isPaths && METHODS.includes(key)) {
      const title = titleOf(key, path, text.slice(nodes.valueStarts[node]!, nodes.ends[node]!))
      // What stands in front of a path's first operation goes with it.
      if (pathStart >= 0) stretches.pop()
      stretches.push({ start: pathStart >= 0 ? pathStart : start, title })
      pathStart = -1
      found++
    }
  }
  return found === 0 ? [] : stretches
}

function isMember(nodes: JsonText['nodes'], node: number): boolean {
  return nodes.starts[node] !== nodes.valueStarts[node]
}

function titleOf(method: string, path: string, value: string): string {
  const operation: unknown = JSON.parse(value)
  const name = nameOf(operation)
  return oneLine(`${method.toUpperCase()} ${path}${name === '' ? '' : `: ${name}`}`)
}

function nameOf(operation: unknown): string {
  if (typeof operation !== 'object' || operation === null) return ''
  if ('summary' in operation && typeof operation.summary === 'string') return operation.summary
  if ('operationId' in operation && typeof operation.operationId === 'string') return operation.operationId
  return ''
}
