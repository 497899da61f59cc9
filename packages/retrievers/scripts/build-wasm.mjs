// Compiles assembly/{flat,hnsw}.ts to WebAssembly and writes the bytes as src/wasm/*.wasm.ts, each once for a memory
// of its own and once (-shared) for a memory that is given to it and that several threads read.
// With --check nothing is written; the exit code says whether the written files equal a fresh compile.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const folder = fileURLToPath(new URL('..', import.meta.url))
const modules = ['flat', 'hnsw', 'flat-shared', 'hnsw-shared']

const sharedOptions = ['--enable', 'threads', '--importMemory', '--sharedMemory', '--maximumMemory', '65536']

/** The text of src/wasm/<name>.wasm.ts. */
export async function compile(name) {
  let bytes
  const source = name.replace('-shared', '')
  const { error, stderr } = await asc.main(
    [
      `assembly/${source}.ts`,
      '--baseDir',
      folder,
      '--outFile',
      'out.wasm',
      '-O3',
      '--noAssert',
      '--converge',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--use',
      'abort=',
      ...(name === source ? [] : sharedOptions),
    ],
    {
      readFile: (file, base) => {
        const path = join(base ?? folder, file)
        return existsSync(path) ? readFileSync(path, 'utf8') : null
      },
      writeFile: (file, contents) => {
        if (file.endsWith('.wasm')) bytes = contents
      },
      listFiles: () => [],
    },
  )
  if (error || bytes === undefined) throw new Error(`${name}: ${stderr.toString()}`, { cause: error })
  const lines = Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,100}/g)
  return [
    `// Compiled from assembly/${source}.ts by scripts/build-wasm.mjs (${bytes.length} bytes). Do not edit.`,
    'export default [',
    ...lines.map((line) => `  '${line}',`),
    `].join('')`,
    '',
  ].join('\n')
}

export const written = (name) => join(folder, 'src', 'wasm', `${name}.wasm.ts`)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of modules) {
    const text = await compile(name)
    const file = written(name)
    const same = existsSync(file) && readFileSync(file, 'utf8') === text
    if (process.argv.includes('--check')) {
      console.log(`${name}: ${same ? 'up to date' : 'differs from a fresh compile'}`)
      if (!same) process.exitCode = 1
    } else if (!same) {
      writeFileSync(file, text)
      console.log(`${name}: written, ${text.length} characters`)
    }
  }
}
