import { estimateHnswMemory, hnswIndex } from '@tesserae/retrievers'
import type { BenchContext } from '../harness/context.js'
import { clusteredVectors, recallOf } from './dataset.js'
import { inTurns, processorTime, scaled } from './turns.js'

/** One graph of many vectors: minutes to build, memory, recall and speed. */
export async function measureLarge(context: BenchContext, count: number): Promise<void> {
  const dimensions = 128
  context.progress(`Making ${count.toLocaleString('en')} vectors ...`)
  const set = clusteredVectors(count, dimensions, 200)
  const quantization = 'int8'
  const index = hnswIndex({ dimensions, metric: 'dot', quantization, capacity: count })
  const entries = set.vectors.map((vector, ordinal) => ({ ordinal, vector }))
  const started = processorTime()
  let told = 0
  await index.setMany(entries, {
    onProgress(done) {
      if (done - told < count / 20) return
      told = done
      context.progress(
        `Built ${Math.round((100 * done) / count)} %, ${Math.round(process.uptime() / 60)} minutes`,
      )
    },
  })
  const subject = 'hnswIndex int8'
  const name = set.name
  context.row(subject, name, 'build, processor time', (processorTime() - started) / 6e7, 'min')
  context.row(subject, name, 'memory', index.estimateMemory() / 1e6, 'MB')
  context.row(
    subject,
    name,
    'memory, as estimated',
    estimateHnswMemory({ count, dimensions, quantization }) / 1e6,
    'MB',
  )
  for (const efSearch of [16, 32, 64, 128]) {
    const search = (query: Float32Array) => index.search(query, { limit: 10, efSearch }).ordinals
    const work = () => {
      for (const query of set.queries) search(query)
    }
    const spread = inTurns([{ name: subject, work }], 3).get(subject)!
    context.row(subject, `${name}, beam ${efSearch}`, 'recall@10', recallOf(set.queries, set.truth, search))
    context.row(
      subject,
      `${name}, beam ${efSearch}`,
      'per query',
      scaled(spread, 1 / set.queries.length),
      'µs',
    )
  }
}
