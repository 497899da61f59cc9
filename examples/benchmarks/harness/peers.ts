import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { repositoryRoot } from './context.js'

let installed: Promise<string> | undefined

/** The peers live in a folder of their own with its own lockfile; only a benchmark that needs them installs it. */
async function install(): Promise<string> {
  const folder = join(repositoryRoot, 'examples', 'benchmarks', 'peers')
  const lockfile = readFileSync(join(folder, 'package-lock.json'))
  const key = createHash('sha256').update(lockfile).digest('hex')
  const stamp = join(folder, 'node_modules', '.installed')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== key) {
    process.stderr.write('Installing the peers to compare with ...\n')
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    await promisify(execFile)(npm, ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder })
    writeFileSync(stamp, key)
  }
  return folder
}

/** Imports a peer by name from the peers' folder. Rejects when it cannot be installed or loaded. */
export async function loadPeer<T>(name: string): Promise<T> {
  installed ??= install()
  const folder = await installed
  const require = createRequire(join(folder, 'package.json'))
  return (await import(pathToFileURL(require.resolve(name)).href)) as T
}
