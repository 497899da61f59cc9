// What the commands of this repository share: install and build only when something changed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const stamps = join(root, 'node_modules', '.tesserae')

/**
 * Runs a command in the repository root and resolves with its exit code.
 * `output: 'stderr'` keeps standard output clean for commands that print data there.
 */
export function run(command, args, { output = 'inherit', env = {} } = {}) {
  const stdio = output === 'stderr' ? ['ignore', 2, 2] : ['ignore', 'inherit', 'inherit']
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio,
      env: { ...process.env, ...env },
      shell: process.platform === 'win32',
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)))
  })
}

/** Runs and stops this process with the same exit code when the command fails. */
export async function must(command, args, options) {
  const code = await run(command, args, options)
  if (code !== 0) {
    console.error(`\n${command} ${args.join(' ')} failed with exit code ${code}`)
    process.exit(code)
  }
}

/** A program installed in this repository. */
export function bin(name) {
  return join(root, 'node_modules', '.bin', name)
}

function manifests() {
  const folders = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
  return ['.', 'examples', ...folders].map((folder) => join(root, folder, 'package.json')).filter(existsSync)
}

function upToDate(name, key) {
  const file = join(stamps, name)
  return existsSync(file) && readFileSync(file, 'utf8') === key
}

function stamp(name, key) {
  mkdirSync(stamps, { recursive: true })
  writeFileSync(join(stamps, name), key)
}

/** Installs with the pnpm version that package.json names, fetched by npx: nothing but Node and npm is needed. */
export async function install(options) {
  const hash = createHash('sha256')
  for (const file of [...manifests(), join(root, 'pnpm-lock.yaml'), join(root, 'pnpm-workspace.yaml')]) {
    hash.update(readFileSync(file))
  }
  const key = hash.digest('hex')
  if (upToDate('installed', key)) return
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  await must(
    'npx',
    ['--yes', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only'],
    options,
  )
  stamp('installed', key)
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* sources(path)
    else if (/\.(ts|json|mjs)$/.test(entry.name) && !entry.name.endsWith('.test.ts')) yield path
  }
}

/** Compiles every package and the examples; skipped when no source changed since the last time. */
export async function build(options) {
  const hash = createHash('sha256')
  for (const folder of ['packages', 'examples']) {
    for (const path of sources(join(root, folder))) {
      const { size, mtimeMs } = statSync(path)
      hash.update(`${path}\0${size}\0${mtimeMs}\n`)
    }
  }
  hash.update(readFileSync(join(root, 'tsconfig.base.json')))
  const key = hash.digest('hex')
  if (upToDate('built', key) && existsSync(join(root, 'examples', 'dist'))) return
  await must(bin('tsc'), ['-b', 'examples'], options)
  stamp('built', key)
}
