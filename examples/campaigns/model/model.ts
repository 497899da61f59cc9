import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@tesserae/core/testing'
import { runSequence } from './sequence.js'

export interface ModelOptions {
  readonly sequences: number
  readonly seed: number
}

export interface ModelResult extends ModelOptions {
  /** Sequences in which store and model came to differ. */
  readonly broken: number
}

/** Steps of a sequence. */
const sequenceLength = 8

/** Random sequences of changes against a store in a file and a model in memory. */
export async function modelCampaign(
  { sequences, seed }: ModelOptions,
  tell: (text: string) => void,
): Promise<ModelResult> {
  const folder = await mkdtemp(join(tmpdir(), 'model-'))
  let broken = 0
  try {
    for (let sequence = 0; sequence < sequences; sequence++) {
      const inner = join(folder, String(sequence))
      await mkdir(inner)
      let files = 0
      const own = seed * 1_000_003 + sequence
      const problem = await runSequence(seededRandom(own), sequenceLength, () => join(inner, `${files++}.db`))
      await rm(inner, { recursive: true })
      if (problem !== undefined) {
        broken += 1
        tell(`sequence ${sequence}: ${problem}`)
      }
      if (sequence % 100 === 99) tell(`${sequence + 1} of ${sequences} sequences`)
    }
    return { sequences, seed, broken }
  } finally {
    await rm(folder, { recursive: true })
  }
}
