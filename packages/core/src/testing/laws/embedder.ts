import { checkNumber } from '../../check.js'
import type { Embedder } from '../../embedder.js'
import { isRagError } from '../../errors.js'
import { expectAbort, expectSame } from '../assert.js'
import { broken, type Checks, type Law, type LawOptions, makeLaws } from '../law.js'
import { generateTexts } from '../texts/generate.js'
import { vectorLength } from '../vectors.js'

export interface EmbedderLawOptions extends LawOptions {
  /** Texts to embed. @default 40 generated ones of at most `maxTextUnits` */
  readonly texts?: readonly string[] | undefined
  /** Generated texts are cut to this length, in UTF-16 code units, so that models with a short window can run them. @default 200 */
  readonly maxTextUnits?: number | undefined
  /** Largest difference allowed between two numbers that should be equal. @default 1e-6 */
  readonly tolerance?: number | undefined
  /** Largest distance of a vector's length from 1. @default 1e-4 */
  readonly lengthTolerance?: number | undefined
}

/** Batches larger than this are not tried: a model that takes more at once would cost too much to test. */
const mostTexts = 256

type MakeEmbedder = () => Embedder | Promise<Embedder>

/** The laws of `Embedder`. A factory may be asynchronous; it is called once. */
export function embedderLaws(
  embedder: Embedder | MakeEmbedder,
  options: EmbedderLawOptions = {},
): readonly Law[] {
  const seed = options.seed ?? 1
  const tolerance = checkNumber('tolerance', options.tolerance ?? 1e-6, 0)
  const lengthTolerance = checkNumber('lengthTolerance', options.lengthTolerance ?? 1e-4, 0)
  const maxUnits = options.maxTextUnits ?? 200
  let made: Promise<Embedder> | undefined
  const make = (): Promise<Embedder> => {
    made ??= Promise.resolve(typeof embedder === 'function' ? embedder() : embedder)
    return made
  }
  const texts =
    options.texts ??
    generateTexts({ seed, count: 40, hugeLineUnits: maxUnits }).map((text) => text.slice(0, maxUnits))

  const embedInBatches = async (
    given: readonly string[],
    size: number,
    role: 'query' | 'document' = 'document',
  ): Promise<Float32Array[]> => {
    const model = await make()
    const rows: Float32Array[] = []
    for (let start = 0; start < given.length; start += size) {
      const batch = given.slice(start, start + size)
      const vectors = await model.embed(batch, { role })
      expectSame(
        vectors.length,
        batch.length * model.dimensions,
        `${batch.length} texts give an array of the wrong size`,
      )
      for (let row = 0; row < batch.length; row += 1)
        rows.push(vectors.slice(row * model.dimensions, (row + 1) * model.dimensions))
    }
    return rows
  }
  const batchSize = async (most: number): Promise<number> => Math.min(most, (await make()).maxBatchSize)
  const expectClose = (
    actual: readonly Float32Array[],
    expected: readonly Float32Array[],
    given: readonly string[],
    reason: string,
  ): void => {
    for (const [row, vector] of expected.entries())
      for (const [axis, value] of vector.entries())
        if (!(Math.abs(value - (actual[row]?.[axis] ?? Number.NaN)) <= tolerance))
          broken(`${reason} (row ${row}, axis ${axis})`, {
            text: given[row],
            expected: value,
            actual: actual[row]?.[axis],
          })
  }

  const checks: Checks = {
    'id, dimensions and batch size are declared': async () => {
      const { id, dimensions, maxBatchSize, maxBatchTokens } = await make()
      if (typeof id !== 'string' || id.trim() === '') broken('the embedder has no id', { actual: id })
      for (const [name, value] of Object.entries({
        dimensions,
        maxBatchSize,
        maxBatchTokens: maxBatchTokens ?? 1,
      }))
        if (value !== Number.POSITIVE_INFINITY && (!Number.isInteger(value) || value < 1))
          broken(`\`${name}\` is not a positive integer`, { actual: value })
    },
    'one row per text, dimensions wide': async () => {
      for (const count of [1, 2, 3, 7]) {
        const given = Array.from(
          { length: Math.min(count, await batchSize(count)) },
          (_, i) => `text number ${i}`,
        )
        const vectors = await (await make()).embed(given, { role: 'document' })
        if (!(vectors instanceof Float32Array))
          broken('the result is not a Float32Array', { actual: vectors })
        expectSame(
          vectors.length,
          given.length * (await make()).dimensions,
          `${given.length} texts give an array of the wrong size`,
        )
      }
    },
    'no texts give an empty array': async () => {
      for (const role of ['query', 'document'] as const)
        expectSame((await (await make()).embed([], { role })).length, 0, 'an empty batch gives numbers')
    },
    'every number is finite and every vector has unit length': async () => {
      for (const role of ['query', 'document'] as const) {
        const rows = await embedInBatches(texts, await batchSize(16), role)
        for (const [row, vector] of rows.entries()) {
          if (!vector.every(Number.isFinite))
            broken('a vector has a number that is not finite', { text: texts[row], actual: vector })
          const length = vectorLength(vector)
          if (Math.abs(length - 1) > lengthTolerance)
            broken('a vector does not have unit length', { text: texts[row], expected: 1, actual: length })
        }
      }
    },
    'vectors do not depend on the batch': async () => {
      const alone = await embedInBatches(texts, 1)
      const together = await embedInBatches(texts, await batchSize(texts.length))
      expectClose(together, alone, texts, 'a text has another vector in a batch than alone')
    },
    'the order of texts is kept': async () => {
      const given = texts.slice(0, await batchSize(8)).map((text, index) => `${index} ${text}`)
      const reversed = given.toReversed()
      const forward = await embedInBatches(given, given.length)
      const backward = await embedInBatches(reversed, given.length)
      expectClose(backward.toReversed(), forward, given, 'reversing the texts does not reverse the rows')
    },
    'embedding again gives the same vectors': async () => {
      const size = await batchSize(16)
      expectClose(
        await embedInBatches(texts, size),
        await embedInBatches(texts, size),
        texts,
        'a second call differs',
      )
    },
    'one text too many is embedded or refused, never dropped': async () => {
      const model = await make()
      const { maxBatchSize, dimensions } = model
      if (maxBatchSize > mostTexts) return
      const given = Array.from({ length: maxBatchSize + 1 }, (_, i) => `text ${i}`)
      try {
        const vectors = await model.embed(given, { role: 'document' })
        expectSame(
          vectors.length,
          given.length * dimensions,
          'a batch over the size gives another number of rows',
        )
      } catch (error) {
        if (!isRagError(error)) throw error
      }
    },
    'different texts have different vectors': async () => {
      const given = [
        'The tenant pays the deposit.',
        'Whales sing under the ice.',
        'A compiler emits machine code.',
      ]
      const rows = await embedInBatches(given, 1)
      for (const [a, b] of [
        [0, 1],
        [0, 2],
        [1, 2],
      ] as const) {
        let difference = 0
        for (const [axis, value] of rows[a]!.entries())
          difference = Math.max(difference, Math.abs(value - rows[b]![axis]!))
        if (difference <= 1e-3) broken(`texts ${a} and ${b} have the same vector`, { actual: given })
      }
    },
    'the texts are left as they were': async () => {
      const given = ['b', 'a', ''].slice(0, await batchSize(3))
      const copy = given.slice()
      await (await make()).embed(given, { role: 'document' })
      expectSame(given, copy, 'embedding changed the list of texts')
    },
    'a result is not overwritten by the next call': async () => {
      const model = await make()
      const first = await model.embed(['one thing'], { role: 'document' })
      const copy = first.slice()
      await model.embed(['quite another'], { role: 'document' })
      expectSame(first, copy, 'the next call overwrote the vectors of the last')
    },
    'an abort rejects with the reason of the signal': async () => {
      const model = await make()
      await expectAbort((signal) =>
        model.embed(['one', 'two'].slice(0, model.maxBatchSize), { role: 'document', signal }),
      )
    },
  }
  return makeLaws(checks, { ...options, seed })
}
