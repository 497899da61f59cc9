import { copyFile } from 'node:fs/promises'
import { isRagError } from '@tesserae/core'
import type { Random } from '@tesserae/core/testing'
import {
  libsqlDriver,
  nodeDriver,
  type SqliteConnection,
  type SqliteDriver,
  type SqliteStore,
} from '@tesserae/retrievers/sqlite'
import { contentOf, openStore, runPhase } from './scenario.js'
import { type Damage, differences, type Stage } from './verdict.js'
import { type Operation, watchedDriver } from './watched-driver.js'

/**
 * Ways in which writing fails. The first three are SQLite's own: a limit of pages, a connection that may not write,
 * the lock in other hands. The last two are thrown by the driver: before an operation, and after a commit that did
 * happen, which is what a failing disk may report.
 */
export const faults = ['disk-full', 'read-only', 'locked', 'input-output', 'unclear-commit'] as const
export type Fault = (typeof faults)[number]

/** Brings a copy of the stage's store to its phase while a fault comes and goes; then finishes it without. */
export async function failOnce(
  stage: Stage,
  path: string,
  seed: number,
  fault: Fault,
  random: Random,
): Promise<Damage & { readonly refusals: number }> {
  if (stage.base !== undefined) await copyFile(stage.base, path)
  const plain = nodeDriver() ?? (await libsqlDriver())
  const from = random.integer(1, stage.operations)
  const trouble = makeTrouble(fault, plain, path, from, from + random.integer(1, 60))
  const driver = watchedDriver(plain, trouble)

  let refusals = 0
  let corrupt = 0
  /** Every failure must be told as what it is. */
  const judge = (isHonest: boolean) => {
    refusals += 1
    if (!isHonest) corrupt += 1
  }
  let store: SqliteStore | undefined
  try {
    store = await openStore(path, driver)
    for (const code of (await runPhase(store, stage.phase, seed)).failures) judge(code === 'store-failed')
  } catch (error) {
    judge(isRagError(error, 'store-failed') && typeof error.details.reason === 'string')
  }
  trouble.end()

  // The same store goes on, if it could be opened at all.
  store ??= await openStore(path, driver)
  const [resumed, first] = await finish(store, stage, seed)
  const [reopened, second] = await finish(await openStore(path), stage, seed)
  return {
    lost: resumed.lost + reopened.lost,
    duplicated: resumed.duplicated + reopened.duplicated,
    corrupt: corrupt + first + second + resumed.corrupt + reopened.corrupt,
    refusals,
  }
}

async function finish(store: SqliteStore, stage: Stage, seed: number): Promise<[Damage, number]> {
  try {
    const { failures } = await runPhase(store, stage.phase, seed)
    const { problems } = await store.check()
    return [differences(stage.after, await contentOf(store)), problems.length + failures.length]
  } finally {
    await store.close()
  }
}

interface Trouble {
  before(operation: Operation): void
  after(operation: Operation): void
  /** Ends it, wherever it is. */
  end(): void
}

/** Trouble in the operations from `first` to `last`. */
function makeTrouble(fault: Fault, driver: SqliteDriver, path: string, first: number, last: number): Trouble {
  let over = false
  let undo = () => {}
  let begun = false
  const isOn = ({ number }: Operation) => !over && number >= first && number <= last
  const begin = (connection: SqliteConnection) => {
    if (fault === 'disk-full') {
      connection.exec('PRAGMA max_page_count = 1')
      undo = () => connection.exec('PRAGMA max_page_count = 1073741823')
    } else if (fault === 'read-only') {
      connection.exec('PRAGMA query_only = ON')
      undo = () => connection.exec('PRAGMA query_only = OFF')
    } else if (fault === 'locked') {
      const other = driver.open(path)
      try {
        other.exec('BEGIN IMMEDIATE')
        undo = () => other.close()
      } catch {
        // The store is writing just now; it is tried again at the next operation.
        other.close()
        return
      }
    }
    begun = true
  }
  const stop = () => {
    undo()
    undo = () => {}
    begun = false
  }
  return {
    before(operation) {
      if (!isOn(operation)) {
        if (begun) stop()
        return
      }
      if (!begun) begin(operation.connection)
      if (fault === 'input-output') throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' })
    },
    after(operation) {
      if (fault !== 'unclear-commit' || !isOn(operation) || operation.sql !== 'COMMIT') return
      throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' })
    },
    end() {
      over = true
      stop()
    },
  }
}
