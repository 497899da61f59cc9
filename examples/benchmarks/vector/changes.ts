import type { HnswIndex, HnswOptions } from '@tesserae/retrievers'
import { hnswIndex } from '@tesserae/retrievers'
import type { BenchContext } from '../harness/context.js'
import { clusteredVectors, nearest, recallOf, type VectorSet } from './dataset.js'

const quantizations = ['none', 'int8', 'binary'] as const
const beams = [16, 32, 64, 128]

/** Recall after half of the points were replaced, and after a third was deleted, beside a graph built of what is left. */
export function measureChanges(context: BenchContext, count: number, dimensions: number): void {
  const set = clusteredVectors(count * 1.5, dimensions, context.quick ? 50 : 300)
  const half = Math.floor(count / 2)
  const first = set.vectors.slice(0, count)
  const replaced = first.map((vector, ordinal) =>
    ordinal % 2 === 0 ? set.vectors[count + ordinal / 2]! : vector,
  )
  const truth = nearest(replaced, set.queries)
  const name = `${count.toLocaleString('en')} x ${dimensions}`
  for (const quantization of quantizations) {
    context.progress(`Replacing and deleting, ${quantization} ...`)
    const make = (): HnswIndex => hnswIndex({ dimensions, metric: 'dot', quantization } satisfies HnswOptions)
    const worked = make()
    for (const [ordinal, vector] of first.entries()) worked.set(ordinal, vector)
    const grown = worked.estimateMemory()
    for (let i = 0; i < half; i++) worked.set(i * 2, replaced[i * 2]!)
    const rebuilt = make()
    for (const [ordinal, vector] of replaced.entries()) rebuilt.set(ordinal, vector)
    const atReplaced = compare(context, `${name}, half replaced`, quantization, set, truth, worked, rebuilt)
    if (quantization !== 'binary') {
      context.ratio(
        `hnswIndex ${quantization}, ${name}: recall after replacing half, of a rebuild's`,
        atReplaced,
        0.99,
      )
    }
    context.row(
      `replaced, ${quantization}`,
      `${name}, half replaced`,
      'memory, of before',
      worked.estimateMemory() / grown,
    )
    const left: Float32Array[] = []
    for (let ordinal = 0; ordinal < count; ordinal++) {
      if (ordinal % 3 === 0) worked.delete(ordinal)
      else left[ordinal] = replaced[ordinal]!
    }
    const smaller = make()
    for (const ordinal of left.keys()) if (left[ordinal]) smaller.set(ordinal, left[ordinal]!)
    const kept = replaced.map((vector, ordinal) =>
      ordinal % 3 === 0 ? new Float32Array(dimensions) : vector,
    )
    const remaining = nearest(kept, set.queries)
    compare(context, `${name}, a third deleted`, quantization, set, remaining, worked, smaller)
  }
}

/** Recall by beam of both; the ratio at a beam of 64. */
function compare(
  context: BenchContext,
  name: string,
  quantization: string,
  set: VectorSet,
  truth: readonly ReadonlySet<number>[],
  worked: HnswIndex,
  rebuilt: HnswIndex,
): number {
  let ratio = 0
  for (const efSearch of beams) {
    const recalls = [worked, rebuilt].map((index) =>
      recallOf(set.queries, truth, (query) => index.search(query, { limit: 10, efSearch }).ordinals),
    )
    context.row(`changed, ${quantization}`, name, `recall, beam ${efSearch}`, recalls[0]!)
    context.row(`rebuilt, ${quantization}`, name, `recall, beam ${efSearch}`, recalls[1]!)
    if (efSearch === 64) ratio = recalls[0]! / recalls[1]!
  }
  return ratio
}
