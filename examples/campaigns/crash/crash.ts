import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@tesserae/core/testing'
import { libsqlDriver, nodeDriver } from '@tesserae/retrievers/sqlite'
import { failOnce, faults } from './faults.js'
import { killOnce } from './kills.js'
import { type Content, contentOf, openStore, type Phase, phases, runPhase } from './scenario.js'
import type { Damage, Stage } from './verdict.js'
import { watchedDriver } from './watched-driver.js'

export interface CrashOptions {
  /** Processes killed; half as many runs meet write failures. */
  readonly points: number
  readonly seed: number
}

export interface CrashResult extends CrashOptions, Damage {
  /** Of the points, those where the process was killed before it was done. */
  readonly kills: number
  readonly failures: number
  /** Calls that failed because of an injected failure. */
  readonly refusals: number
}

/** Kills and fails at random points; after each, checks, finishes and compares with a run that nothing happened to. */
export async function crashCampaign(
  { points, seed }: CrashOptions,
  tell: (text: string) => void,
): Promise<CrashResult> {
  const folder = await mkdtemp(join(tmpdir(), 'crash-'))
  try {
    const stages = await makeStages(folder, seed)
    const random = seededRandom(seed)
    const failures = Math.ceil(points / 2)
    const sum = { lost: 0, duplicated: 0, corrupt: 0, kills: 0, refusals: 0 }
    const add = (damage: Damage, name: string) => {
      sum.lost += damage.lost
      sum.duplicated += damage.duplicated
      sum.corrupt += damage.corrupt
      if (damage.lost + damage.duplicated + damage.corrupt > 0) tell(`${name}: ${JSON.stringify(damage)}`)
    }
    for (let point = 0; point < points; point++) {
      const path = join(folder, `kill-${point}.db`)
      const stage = stages[point % stages.length]!
      const damage = await killOnce(stage, path, seed, random)
      if (!damage.finished) sum.kills += 1
      add(damage, `kill ${point} (${stage.phase})`)
      await removeStore(path)
      if (point % 50 === 49) tell(`${point + 1} of ${points} kills`)
    }
    for (let point = 0; point < failures; point++) {
      const path = join(folder, `fault-${point}.db`)
      const fault = faults[point % faults.length]!
      const stage = stages[Math.floor(point / faults.length) % stages.length]!
      const damage = await failOnce(stage, path, seed, fault, random)
      sum.refusals += damage.refusals
      add(damage, `failure ${point} (${fault}, ${stage.phase})`)
      await removeStore(path)
    }
    return { points, seed, failures, ...sum }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Runs all phases without interruption, and keeps the store and its content before and after each. */
async function makeStages(folder: string, seed: number): Promise<Stage[]> {
  const path = join(folder, 'whole.db')
  const plain = nodeDriver() ?? (await libsqlDriver())
  const stages: Stage[] = []
  let before: Content = { chunks: new Map(), documentOf: new Map(), repeated: 0, searches: '' }
  for (const phase of phases) {
    const base = phase === 'ingest' ? undefined : join(folder, `before-${phase}.db`)
    if (base !== undefined) await copyFile(path, base)
    const { operations, milliseconds } = await runWhole(path, phase, seed, plain)
    const store = await openStore(path)
    const after = await contentOf(store)
    await store.close()
    stages.push({ phase, base, before, after, operations, milliseconds })
    before = after
  }
  return stages
}

async function runWhole(
  path: string,
  phase: Phase,
  seed: number,
  plain: Parameters<typeof watchedDriver>[0],
) {
  let operations = 0
  const driver = watchedDriver(plain, {
    before() {
      operations += 1
    },
  })
  const started = performance.now()
  const store = await openStore(path, driver)
  const { failures } = await runPhase(store, phase, seed)
  const { problems } = await store.check()
  if (failures.length + problems.length > 0) throw new Error(`The run without a crash failed: ${problems[0]}`)
  await store.close()
  return { operations, milliseconds: performance.now() - started }
}

async function removeStore(path: string): Promise<void> {
  for (const end of ['', '-wal', '-shm', '-writer']) await rm(path + end, { force: true })
}
