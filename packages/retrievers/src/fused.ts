import {
  type Explanation,
  type Hit,
  type Metadata,
  RagError,
  type RetrieveOptions,
  type Retriever,
} from '@tesserae/core'
import { isExplainable } from './explain-hit.js'
import { leaf } from './explain-vector.js'
import type { FusedItem, Fusion, LegKind, ListFacts } from './fusion/fusion.js'

/** A leg that has a say, and what it found. */
export interface Answer<M extends Metadata> {
  readonly leg: Retriever<M>
  readonly hits: readonly Hit<M>[]
}

export interface Fused<M extends Metadata> {
  /** Hits each leg was asked for. */
  readonly asked: number
  readonly answers: readonly Answer<M>[]
  readonly weights: readonly number[]
  readonly items: readonly FusedItem[]
  /** What the fusion was told of each answer's list. @default nothing */
  readonly lists?: readonly ListFacts[] | undefined
}

/** What made a leg's list: the kind of the last stage its hits went through. */
export function kindOf<M extends Metadata>({ hits }: Answer<M>): LegKind {
  return hits[0]?.trace.at(-1)?.kind
}

/** A fused item as a hit: the traces of the legs that found it, in their order, then the fusion's own entry. */
export function toHit<M extends Metadata>(
  fused: Fused<M>,
  item: FusedItem,
  rank: number,
  name: string,
): Hit<M> {
  const trace: Hit<M>['trace'][number][] = []
  let chunk: Hit<M>['chunk'] | undefined
  for (const [index, { leg, hits }] of fused.answers.entries()) {
    const position = item.positions[index]!
    const hit = hits[position]
    if (hit === undefined) continue
    chunk ??= hit.chunk
    for (const entry of hit.trace) trace.push(entry)
    const last = hit.trace.at(-1)
    // A leg that does not trace itself, or changed the scores without saying so, is traced here.
    if (last?.score !== hit.score) {
      trace.push({ stage: leg.name, kind: last?.kind ?? 'feature', rank: position + 1, score: hit.score })
    }
  }
  if (chunk === undefined) throw new RagError('store-failed', `No leg has chunk "${item.id}".`)
  trace.push({ stage: name, kind: 'fused', rank, score: item.score })
  return { chunk, score: item.score, trace }
}

/** The tree of a fused score, with the numbers it was added up from. */
export async function explainItem<M extends Metadata>(
  fused: Fused<M>,
  item: FusedItem,
  fusion: Fusion,
  about: { readonly query: string; readonly call: RetrieveOptions; readonly name: string },
): Promise<Explanation> {
  const details: Explanation[] = []
  for (const [index, { leg, hits }] of fused.answers.entries()) {
    const weight = fused.weights[index]!
    const scores = Float64Array.from(hits, (hit) => hit.score)
    const { values, missing, formula } = fusion.valuesOf(scores, weight, fused.lists?.[index])
    const factor = fusion.weighsValues ? 1 : weight
    const position = item.positions[index]!
    const hit = hits[position]
    const value = hit === undefined ? missing : values[position]!
    const source =
      hit === undefined
        ? []
        : [
            await explainRaw(leg, hit, position + 1, about.query, { ...about.call, limit: fused.asked }),
            leaf(position + 1, 'rank'),
          ]
    details.push({
      value: factor * value,
      description: `leg "${leg.name}": ${fusion.weighsValues ? 'value, its weight inside' : 'weight × value'}`,
      details: [
        leaf(weight, 'weight'),
        {
          value,
          description:
            hit === undefined ? `value, of a chunk not among its ${hits.length} hits` : `value = ${formula}`,
          details: source,
        },
      ],
    })
  }
  return {
    value: item.score,
    description: `"${about.name}": sum over ${fused.answers.length} legs by ${fusion.name}`,
    details,
  }
}

async function explainRaw<M extends Metadata>(
  leg: Retriever<M>,
  hit: Hit<M>,
  rank: number,
  query: string,
  call: RetrieveOptions,
): Promise<Explanation> {
  const { limit, filter, signal, observer } = call
  const below = isExplainable(leg)
    ? await leg.explain(query, hit.chunk.id, { limit, filter, signal, observer })
    : undefined
  const description = `score, at rank ${rank} of "${leg.name}"`
  return below === undefined
    ? leaf(hit.score, description)
    : { value: hit.score, description: `${description}: unchanged`, details: [below] }
}
