import type { CallOptions } from '@tesserae/core'
import {
  type BootstrapOptions,
  bootstrapInterval,
  type Interval,
  type PairedInterval,
  pairedBootstrap,
} from './bootstrap.js'
import { checkRanking, type Metric } from './metrics.js'
import { judgedQueries, type RetrievalDataset } from './relevance.js'

/** Finds document ids for a query, best first. */
export type Search = (query: string, options?: CallOptions) => Promise<readonly string[]> | readonly string[]

export interface EvaluateOptions<Name extends string> extends CallOptions {
  readonly dataset: RetrievalDataset
  readonly search: Search
  readonly metrics: { readonly [name in Name]: Metric }
}

export interface Evaluation<Name extends string = string> {
  /** Ids of the judged queries, in order; every array below is parallel to it. */
  readonly queryIds: readonly string[]
  readonly values: { readonly [name in Name]: readonly number[] }
  readonly means: { readonly [name in Name]: number }
}

/** Runs every judged query once, in order, and scores its ranking. Throws what `search` throws. */
export async function evaluate<Name extends string>(
  options: EvaluateOptions<Name>,
): Promise<Evaluation<Name>> {
  const { dataset, search, metrics, ...call } = options
  const names = Object.keys(metrics) as Name[]
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  const queries = judgedQueries(dataset)
  for (const query of queries) {
    call.signal?.throwIfAborted()
    const ranked = await search(query.text, call)
    checkRanking(query.id, ranked)
    const relevance = dataset.relevance.get(query.id)!
    for (const name of names) values[name].push(metrics[name](ranked, relevance))
  }
  const means = Object.fromEntries(names.map((name) => [name, mean(values[name])])) as Record<Name, number>
  return { queryIds: queries.map((query) => query.id), values, means }
}

function mean(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return values.length === 0 ? 0 : sum / values.length
}

/** The mean of one metric with its bootstrap interval over queries. */
export function summarize<Name extends string>(
  evaluation: Evaluation<Name>,
  metric: Name,
  options?: BootstrapOptions,
): Interval {
  return bootstrapInterval(evaluation.values[metric], options)
}

/** How much better `treatment` is than `baseline` on the same queries, with a paired interval. */
export function compare<Name extends string>(
  baseline: Evaluation<Name>,
  treatment: Evaluation<Name>,
  metric: Name,
  options?: BootstrapOptions,
): PairedInterval {
  return pairedBootstrap(baseline.values[metric], treatment.values[metric], options)
}
