import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { repositoryRoot } from '../benchmarks/harness/context.js'

/** Runs the laws of every chunker on `texts` generated texts each; resolves with the exit code of the run. */
export function lawsCampaign(texts: number): Promise<number> {
  const vitest = join(repositoryRoot, 'node_modules', '.bin', 'vitest')
  return new Promise((resolve, reject) => {
    const child = spawn(vitest, ['run', 'packages/chunkers', '--testTimeout=600000'], {
      cwd: repositoryRoot,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, TESSERAE_LAW_TEXTS: String(texts) },
    })
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}
