import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it('the compiled kernels in the sources are what their AssemblyScript compiles to', async () => {
  const script = fileURLToPath(new URL('../../scripts/build-wasm.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--check'])
  const modules = ['flat', 'hnsw', 'flat-shared', 'hnsw-shared']
  expect(stdout.trim().split('\n')).toEqual(modules.map((name) => `${name}: up to date`))
})
