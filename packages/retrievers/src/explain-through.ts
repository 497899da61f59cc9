import {
  type Explanation,
  explainHit,
  type Hit,
  type Metadata,
  type RetrieveOptions,
  type Retriever,
} from '@tesserae/core'
import { leaf } from './explain-vector.js'

/** A score that a stage handed on as it was, below what the stage did. */
export async function explainUnchanged<M extends Metadata>(
  what: string,
  retriever: Retriever<M>,
  query: string,
  hit: Hit<M>,
  call: RetrieveOptions,
): Promise<Explanation> {
  const tree = await explainHit(retriever, query, hit, call)
  return { value: hit.score, description: `${what}: unchanged`, details: [tree] }
}

/** The best of several hits that came to one, which is explained in full; the others by their scores. */
export async function explainBest<M extends Metadata>(
  what: string,
  retriever: Retriever<M>,
  query: string,
  hits: readonly Hit<M>[],
  call: RetrieveOptions,
): Promise<Explanation | undefined> {
  const [best, ...others] = hits
  if (best === undefined) return undefined
  if (others.length === 0) return explainUnchanged(what, retriever, query, best, call)
  const tree = await explainHit(retriever, query, best, call)
  const leaves = others.map(({ chunk, score }) => leaf(score, `score of chunk "${chunk.id}"`))
  return { value: best.score, description: `${what} = largest`, details: [tree, ...leaves] }
}
