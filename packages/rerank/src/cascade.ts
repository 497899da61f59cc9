import {
  checkInteger,
  checkNumber,
  type Explanation,
  type Hit,
  invalid,
  type Metadata,
  type Reranker,
  type RerankOptions,
} from '@tesserae/core'
import { longestTimerMs } from './deadline.js'
import {
  beforeOf,
  type ExplainableReranker,
  type ExplainRerankOptions,
  isExplainableReranker,
  leaf,
} from './explain.js'
import { orPreviousOrder } from './fallback.js'
import { limitOf } from './limit.js'

export interface CascadeStage {
  readonly reranker: Reranker
  /** At most so many hits go on. @default all */
  readonly limit?: number | undefined
  /**
   * Hits this stage scores lower do not go on. Compared is the reranker's own score, as the trace tells it under its
   * name: a model's logit, whether or not it is mixed with the order before. @default none
   */
  readonly threshold?: number | undefined
  /** Time for this stage, in milliseconds; when it is over, the hits go on as they came. @default none */
  readonly timeoutMs?: number | undefined
}

export interface CascadeOptions {
  /**
   * Time for all stages, in milliseconds. When it is over, the stage that runs and those after it leave the
   * hits as they came. @default none
   */
  readonly timeoutMs?: number | undefined
  /** @default 'cascade' */
  readonly name?: string | undefined
}

/**
 * Rerankers one after another, cheap ones on many hits before dear ones on few. Being late costs a stage its
 * say and nothing else: its `limit` still holds, its `threshold` does not, since no score of its own is there.
 */
export function cascade(
  stages: readonly (Reranker | CascadeStage)[],
  options: CascadeOptions = {},
): ExplainableReranker {
  const { name = 'cascade', timeoutMs } = options
  if (!Array.isArray(stages) || stages.length === 0)
    invalid('stages', 'an array of at least one stage', stages)
  const checked = stages.map((stage, index) => checkStage(stage, `stages[${index}]`))
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 0, longestTimerMs)

  /** What each stage was given, and after them what came back. */
  const run = async <M extends Metadata>(query: string, hits: readonly Hit<M>[], call: RerankOptions) => {
    const end = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs
    const lists = [hits]
    for (const stage of checked) {
      call.signal?.throwIfAborted()
      const left = Math.min(stage.timeoutMs ?? Number.POSITIVE_INFINITY, end - performance.now())
      lists.push(await runStage(stage, query, lists.at(-1)!, call, left))
    }
    return lists
  }

  return {
    name,
    async rerank<M extends Metadata>(query: string, hits: readonly Hit<M>[], call: RerankOptions = {}) {
      const limit = limitOf(call, hits.length)
      return (await run(query, hits, call)).at(-1)!.slice(0, limit)
    },
    async explain<M extends Metadata>(
      query: string,
      hits: readonly Hit<M>[],
      chunkId: string,
      options: ExplainRerankOptions<M> = {},
    ) {
      const { signal, observer } = options
      const before = beforeOf(options)
      const lists = await run(query, hits, { signal, observer })
      const find = (list: number, id: string) => lists[list]?.find(({ chunk }) => chunk.id === id)
      /** The score that a hit has in front of a stage: by the last stage before it that had a say. */
      const tree = async (hit: Hit<M>, list: number): Promise<Explanation> => {
        const given = find(list - 1, hit.chunk.id)
        if (list === 0 || given === undefined) return before(hit)
        if (given.trace.length === hit.trace.length) return tree(given, list - 1)
        const { reranker } = checked[list - 1]!
        const inner = isExplainableReranker(reranker)
          ? await reranker.explain<M>(query, lists[list - 1]!, hit.chunk.id, {
              signal,
              observer,
              before: (earlier) => tree(earlier, list - 1),
            })
          : undefined
        return inner?.value === hit.score ? inner : leaf(hit.score, `score of "${reranker.name}"`)
      }
      const last = lists.length - 1
      const hit = find(last, chunkId)
      if (hit === undefined || lists[last]!.indexOf(hit) >= limitOf(options, hits.length)) return undefined
      return tree(hit, last)
    },
  }
}

async function runStage<M extends Metadata>(
  { reranker, limit, threshold }: CascadeStage,
  query: string,
  hits: readonly Hit<M>[],
  call: RerankOptions,
  leftMs: number,
): Promise<readonly Hit<M>[]> {
  if (hits.length === 0) return hits
  const { signal: outer, observer } = call
  const timeoutMs = leftMs === Number.POSITIVE_INFINITY ? undefined : leftMs
  const policy = { timeoutMs, failure: 'throw' } as const
  return orPreviousOrder(reranker.name, hits, { signal: outer, observer, limit }, policy, async (signal) => {
    const scored = await reranker.rerank(query, hits, { signal, observer, limit })
    return threshold === undefined
      ? scored
      : scored.filter((hit) => ownScore(hit, reranker.name) >= threshold)
  })
}

function ownScore<M extends Metadata>({ trace, score }: Hit<M>, stage: string): number {
  return trace.findLast((entry) => entry.stage === stage)?.score ?? score
}

function checkStage(stage: Reranker | CascadeStage, name: string): CascadeStage {
  if ('rerank' in stage) return { reranker: stage }
  if (stage.limit !== undefined) checkInteger(`${name}.limit`, stage.limit)
  if (stage.threshold !== undefined) checkNumber(`${name}.threshold`, stage.threshold)
  if (stage.timeoutMs !== undefined) checkNumber(`${name}.timeoutMs`, stage.timeoutMs, 0, longestTimerMs)
  return stage
}
