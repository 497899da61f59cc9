import { writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { libsqlDriver, nodeDriver } from '@tesserae/retrievers/sqlite'
import { openStore, type Phase, runPhase } from './scenario.js'
import { watchedDriver } from './watched-driver.js'

/**
 * Runs one phase and tells each acknowledged document on a line of its own. With `dieAt` it kills itself before that
 * operation of the driver, in the way that cannot be caught.
 */
export async function work(path: string, phase: Phase, seed: number, dieAt: number): Promise<void> {
  const driver = watchedDriver(nodeDriver() ?? (await libsqlDriver()), {
    before({ number }) {
      if (number === dieAt) process.kill(process.pid, 'SIGKILL')
    },
  })
  // At once, not through a buffer that would die with the process.
  const tell = (line: string) => writeSync(1, `${line}\n`)
  tell('ready')
  const store = await openStore(path, driver)
  await runPhase(store, phase, seed, (documentId) => tell(JSON.stringify(documentId)))
  await store.close()
  tell('done')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [path = '', phase = '', seed = '', dieAt = ''] = process.argv.slice(2)
  work(path, phase as Phase, Number(seed), Number(dieAt)).catch((error: unknown) => {
    console.error(error)
    process.exitCode = 1
  })
}
