import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from '../harness/context.js'

const run = promisify(execFile)
const kept = join(repositoryRoot, '.tesserae', 'benchmarks', 'lexical')
const sources = join(repositoryRoot, 'examples', 'benchmarks', 'lexical')

/** How a process of an engine is started. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env: { readonly [name: string]: string }
}

const pythonPackages = ['tantivy==0.27.0', 'bm25s==0.3.16', 'numba==0.68.1']
const luceneVersion = '9.12.1'

/** `peers.py` with one thread, in a virtual environment that is made when it is first needed. */
export async function pythonEngine(name: 'tantivy' | 'bm25s' | 'fts5'): Promise<Command> {
  const system = process.platform === 'win32' ? 'python' : 'python3'
  await has(system, '--version', 'Python 3 is not installed')
  const command = name === 'fts5' ? system : await virtualEnvironment(system)
  return {
    command,
    args: [join(sources, 'peers.py'), name],
    env: { NUMBA_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
  }
}

async function virtualEnvironment(system: string): Promise<string> {
  const folder = join(kept, 'python')
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const stamp = join(folder, 'pyvenv.cfg')
  const wanted = pythonPackages.join(' ')
  if (existsSync(stamp)) {
    const installed = await run(python, ['-m', 'pip', 'freeze']).catch(() => ({ stdout: '' }))
    if (pythonPackages.every((one) => installed.stdout.includes(one))) return python
  }
  mkdirSync(kept, { recursive: true })
  process.stderr.write(`Installing ${wanted} ...\n`)
  await run(system, ['-m', 'venv', folder])
  await run(python, ['-m', 'pip', 'install', '--quiet', ...pythonPackages])
  return python
}

/** Lucene fetched by Maven and `LuceneSearch.java` compiled, when first needed. */
export async function luceneEngine(): Promise<Command> {
  await has('java', '-version', 'Java is not installed')
  await has('javac', '-version', 'no Java compiler is installed')
  const folder = join(kept, 'java')
  const jar = join(folder, `lucene-core-${luceneVersion}.jar`)
  mkdirSync(folder, { recursive: true })
  if (!existsSync(jar)) {
    await has('mvn', '--version', 'Maven is not installed')
    process.stderr.write(`Fetching Lucene ${luceneVersion} ...\n`)
    const artifact = `-Dartifact=org.apache.lucene:lucene-core:${luceneVersion}`
    await run('mvn', ['-q', '-B', 'dependency:copy', artifact, `-DoutputDirectory=${folder}`], {
      cwd: folder,
    })
  }
  const source = join(sources, 'LuceneSearch.java')
  const program = join(folder, 'LuceneSearch.class')
  if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs)
    await run('javac', ['-cp', jar, '-d', folder, source])
  return {
    command: 'java',
    args: ['-Xmx3g', '-XX:+UseSerialGC', '-cp', `${jar}${delimiter}${folder}`, 'LuceneSearch'],
    env: {},
  }
}

async function has(command: string, argument: string, otherwise: string): Promise<void> {
  await run(command, [argument]).catch(() => {
    throw new Error(otherwise)
  })
}
