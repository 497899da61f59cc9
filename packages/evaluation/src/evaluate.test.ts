import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadBeir } from './beir/index.js'
import { compare, evaluate, summarize } from './evaluate.js'
import { ndcgAt, recallAt } from './metrics.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'beir-'))
  const corpus = ['a', 'b', 'c'].map((id) => JSON.stringify({ _id: id, title: `T${id}`, text: `text ${id}` }))
  await writeFile(join(folder, 'corpus.jsonl.gz'), gzipSync(corpus.join('\n')))
  const queries = ['1', '2', '3'].map((id) => JSON.stringify({ _id: id, text: `query ${id}` }))
  await writeFile(join(folder, 'queries.jsonl'), `${queries.join('\r\n')}\r\n`)
  await writeFile(
    join(folder, 'qrels.tsv'),
    'query-id\tcorpus-id\tscore\n1\ta\t1\n2\tb\t1\n2\tc\t1\n3\ta\t0\n',
  )
})
afterAll(() => rm(folder, { recursive: true }))

const metrics = { ndcg: ndcgAt(10), recall: recallAt(1) }

describe('loadBeir and evaluate', () => {
  it('reads the layout, gzipped or not, and leaves unjudged queries out of averages', async () => {
    const dataset = await loadBeir(folder, { name: 'tiny' })
    expect(dataset).toMatchObject({
      name: 'tiny',
      documents: [{ id: 'a', title: 'Ta', text: 'text a' }, {}, {}],
    })
    expect(dataset.queries).toHaveLength(3)
    const evaluation = await evaluate({ dataset, metrics, search: () => ['a', 'b', 'c'] })
    expect(evaluation.queryIds).toEqual(['1', '2'])
    expect(evaluation.values.recall).toEqual([1, 0])
    expect(evaluation.means.recall).toBe(0.5)
  })

  it('compares two searches on the same queries', async () => {
    const dataset = await loadBeir(folder)
    const good = await evaluate({ dataset, metrics, search: (q) => (q === 'query 1' ? ['a'] : ['b', 'c']) })
    const bad = await evaluate({ dataset, metrics, search: () => [] })
    expect(summarize(good, 'ndcg').mean).toBe(1)
    expect(compare(bad, good, 'ndcg')).toMatchObject({ mean: 1, low: 1, high: 1, significant: true })
  })

  it('names file and line of malformed data, and the missing file', async () => {
    const broken = await mkdtemp(join(tmpdir(), 'beir-'))
    await expect(loadBeir(broken)).rejects.toMatchObject({ code: 'load-failed' })
    await writeFile(join(broken, 'corpus.jsonl'), '{"_id":"a"}\n{oops\n')
    await expect(loadBeir(broken)).rejects.toThrow(/corpus\.jsonl:2 must be one JSON object a line/)
    await writeFile(join(broken, 'corpus.jsonl'), '{"text":"no id"}\n')
    await expect(loadBeir(broken)).rejects.toThrow(/corpus\.jsonl:1 must have a non-empty string `_id`/)
    await rm(broken, { recursive: true })
  })

  it('stops on abort and refuses a ranking with repeats', async () => {
    const dataset = await loadBeir(folder)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(evaluate({ dataset, metrics, search: () => [], signal })).rejects.toThrow('enough')
    await expect(loadBeir(folder, { signal })).rejects.toThrow('enough')
    await expect(evaluate({ dataset, metrics, search: () => ['a', 'a'] })).rejects.toMatchObject({
      code: 'duplicate-id',
    })
  })
})
