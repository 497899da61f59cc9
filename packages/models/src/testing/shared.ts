import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of test data beside the repository, or the one that TESSERAE_SHARED names. */
const shared =
  process.env.TESSERAE_SHARED ?? resolve(fileURLToPath(new URL('../../../../..', import.meta.url)), 'shared')

/** Folder of a real model, and why tests without it are skipped. */
export function sharedModel(name: string): { folder: string; present: boolean; reason: string } {
  const folder = resolve(shared, 'models', name)
  const present = existsSync(resolve(folder, 'config.json'))
  return { folder, present, reason: present ? '' : ` (skipped: ${name} is not beside the repository)` }
}

export interface ReferenceVector {
  readonly text: string
  readonly ids: readonly number[]
  readonly fullLength: number
  readonly vector: readonly number[]
}

export function referenceVectors(folder: string): readonly ReferenceVector[] {
  const { items } = JSON.parse(readFileSync(`${folder}/reference-vectors.json`, 'utf8')) as {
    items: readonly ReferenceVector[]
  }
  return items
}

export interface ReferenceScore {
  readonly query: string
  readonly text: string
  readonly relevant: boolean
  readonly fullLength: number
  readonly logit: number
  readonly logitInt8: number
}

export function referenceScores(folder: string): readonly ReferenceScore[] {
  const { items } = JSON.parse(readFileSync(`${folder}/reference-scores.json`, 'utf8')) as {
    items: readonly ReferenceScore[]
  }
  return items
}
