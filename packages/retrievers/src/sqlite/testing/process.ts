import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const packageFolder = fileURLToPath(new URL('../../..', import.meta.url))

/** A process of its own that runs a module on the built package, with `process.send` to talk to it. */
export function startProcess(source: string, ...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', source, ...args], {
    cwd: packageFolder,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

/** The next message of a process; rejects when it ends without one. */
export async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`The process ended with code ${code} and said nothing.`)
  })
  exit.catch(() => {})
  try {
    const [message] = (await Promise.race([once(child, 'message'), exit])) as [unknown]
    return message
  } finally {
    ended.abort()
  }
}
