import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { compare, type Evaluation, evaluate, ndcgAt, summarize } from '@tesserae/evaluation'
import { loadBeir } from '@tesserae/evaluation/beir'
import {
  type SmallerTableOptions,
  smallerTable,
  staticEmbedder,
  type Weighted,
} from '@tesserae/models/static'
import { type BenchContext, repositoryRoot } from '../harness/context.js'
import { denseSearch, textOf } from './dense.js'

const metrics = { 'nDCG@10': ndcgAt(10) }

interface Variant {
  readonly name: string
  /** Makes the table, when it is wanted. */
  readonly bytes: () => Uint8Array
  /** Whose tokens are weighted by how common they are in the set at hand. */
  readonly weighted?: Weighted | undefined
}

/** What a study of such tables reached, nDCG@10: alone, and weighted by the root of the corpus's idf. */
const study: { readonly [set: string]: { readonly alone: number; readonly weighted?: number } } = {
  scifact: { alone: 0.53, weighted: 0.56 },
  cranfield: { alone: 0.45, weighted: 0.48 },
  'xquad-en': { alone: 0.88 },
}

const sets = ['scifact', 'cranfield', 'adi', 'xquad/en'] as const
const dataFolder = join(repositoryRoot, 'packages', 'models', 'data')

/**
 * What each choice of the static embedder brings: the table that ships, the small one, smaller tables made out of
 * the one that ships, and whatever tables a folder holds, each by nDCG@10 with the paired difference to the first.
 */
export async function runStaticPart(context: BenchContext, shared: string): Promise<void> {
  const shipped = once(() => readFileSync(join(dataFolder, 'static-en-384.bin')))
  const variants = [...named(shipped), ...derived(shipped), ...fromFolder(context.options.get('tables'))]
  for (const set of context.quick ? sets.slice(1, 3) : sets) {
    const folder = join(shared, 'data', 'retrieval', set)
    if (!existsSync(folder)) {
      context.skip('all', set, 'this set is not there')
      continue
    }
    const dataset = await loadBeir(folder, { name: set.replace('/', '-') })
    const done = new Map<string, Evaluation<'nDCG@10'>>()
    for (const variant of variants) {
      await context.attempt(variant.name, dataset.name, async () => {
        context.progress(`${dataset.name}: ${variant.name}`)
        const source = { bytes: variant.bytes() }
        const plain = await staticEmbedder(source)
        const weights = variant.weighted ? await plain.fitWeights(dataset.documents.map(textOf)) : undefined
        const embedder = weights
          ? await staticEmbedder({ ...source, weights, weighted: variant.weighted })
          : plain
        done.set(
          variant.name,
          await evaluate({ dataset, metrics, search: await denseSearch(embedder, dataset) }),
        )
      })
    }
    report(context, dataset.name, variants, done)
  }
  context.note(
    'over shipped: paired 95 % bootstrap intervals over queries. Exact search, title and text, whole.',
  )
}

/** A table takes seconds to make and is judged on several sets. */
function once(make: () => Uint8Array): () => Uint8Array {
  let made: Uint8Array | undefined
  return () => {
    made ??= make()
    return made
  }
}

function named(shipped: () => Uint8Array): readonly Variant[] {
  const small = once(() => readFileSync(join(dataFolder, 'static-en-256.bin')))
  return [
    { name: 'shipped', bytes: shipped },
    { name: 'shipped + query weights', bytes: shipped, weighted: 'queries' },
    { name: 'shipped + corpus weights', bytes: shipped, weighted: 'all' },
    { name: 'small', bytes: small },
    { name: 'small + query weights', bytes: small, weighted: 'queries' },
    { name: 'small + corpus weights', bytes: small, weighted: 'all' },
  ]
}

function derived(shipped: () => Uint8Array): readonly Variant[] {
  const variant = (name: string, options: SmallerTableOptions): Variant => ({
    name,
    bytes: once(() => smallerTable(shipped(), options)),
  })
  return [
    ...[32, 64, 128, 192].map((dimensions) => variant(`${dimensions} dimensions`, { dimensions })),
    ...[4000, 8000, 16000].map((pieces) => variant(`${pieces} pieces`, { pieces })),
    variant('2 bits', { bits: 2 }),
  ]
}

function fromFolder(folder: string | undefined): readonly Variant[] {
  if (folder === undefined) return []
  const files = readdirSync(folder).filter((file) => file.endsWith('.bin'))
  return files.sort().map((file) => ({
    name: basename(file, '.bin'),
    bytes: once(() => readFileSync(join(folder, file))),
  }))
}

function report(
  context: BenchContext,
  set: string,
  variants: readonly Variant[],
  done: ReadonlyMap<string, Evaluation<'nDCG@10'>>,
): void {
  const base = done.get('shipped')
  for (const { name, bytes } of variants) {
    const evaluation = done.get(name)
    if (evaluation === undefined) continue
    const { mean, low, high } = summarize(evaluation, 'nDCG@10')
    context.row(name, set, 'nDCG@10', { value: mean, low, high })
    if (base !== undefined && name !== 'shipped') {
      const difference = compare(base, evaluation, 'nDCG@10')
      context.row(name, set, 'over shipped', { ...difference, value: difference.mean })
    }
    context.row(name, set, 'table', bytes().length / 1e6, 'MB')
  }
  const reached = study[set]
  if (reached === undefined) return
  const alone = done.get('shipped')?.means['nDCG@10']
  const weighted = done.get('shipped + corpus weights')?.means['nDCG@10']
  if (alone !== undefined) context.ratio(`shipped on ${set}, as a study`, alone, reached.alone)
  if (weighted !== undefined && reached.weighted !== undefined)
    context.ratio(`shipped with corpus weights on ${set}, as a study`, weighted, reached.weighted)
}
