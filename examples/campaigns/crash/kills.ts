import { spawn } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Random } from '@tesserae/core/testing'
import { contentOf, openStore, runPhase } from './scenario.js'
import { type Damage, differences, type Stage, unfinished } from './verdict.js'

const worker = fileURLToPath(new URL('./worker.js', import.meta.url))

/** Documents acknowledged before the end, and milliseconds from the opening to it. */
interface Life {
  readonly acknowledged: readonly string[]
  readonly finished: boolean
}

/**
 * Kills a process that brings a copy of the stage's store to its phase, half of the time before a random operation,
 * half of the time at a random moment, inside of SQLite as well. Then opens what it left, checks it, finishes it.
 */
export async function killOnce(
  stage: Stage,
  path: string,
  seed: number,
  random: Random,
): Promise<Damage & { readonly finished: boolean }> {
  if (stage.base !== undefined) await copyFile(stage.base, path)
  const byOperation = random.chance()
  const dieAt = byOperation ? random.integer(1, stage.operations) : 0
  const dieAfterMs = byOperation ? undefined : random() * stage.milliseconds
  const { acknowledged, finished } = await live([path, stage.phase, String(seed), String(dieAt)], dieAfterMs)

  // The lock of the dead process must be gone at once: opening takes no second try.
  const store = await openStore(path)
  try {
    const { problems } = await store.check()
    const half = unfinished(stage, await contentOf(store), acknowledged)
    const { failures } = await runPhase(store, stage.phase, seed)
    const whole = differences(stage.after, await contentOf(store))
    const after = await store.check()
    return {
      lost: half.lost + whole.lost,
      duplicated: half.duplicated + whole.duplicated,
      corrupt: problems.length + after.problems.length + failures.length + half.corrupt + whole.corrupt,
      finished,
    }
  } finally {
    await store.close()
  }
}

function live(args: readonly string[], dieAfterMs: number | undefined): Promise<Life> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [worker, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    let timer: NodeJS.Timeout | undefined
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const begins = output === ''
      output += text
      if (begins && dieAfterMs !== undefined) timer = setTimeout(() => child.kill('SIGKILL'), dieAfterMs)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code !== 0 && signal !== 'SIGKILL') {
        reject(new Error(`The worker ended with code ${code} before it was killed.`))
        return
      }
      const lines = output.split('\n').slice(1, -1)
      const finished = lines.at(-1) === 'done'
      const acknowledged = lines.filter((line) => line !== 'done').map((line) => JSON.parse(line) as string)
      resolve({ acknowledged, finished })
    })
  })
}
