import { execFile, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'

// A small project that has the packages installed as npm would lay them out: only the published files, their
// dependencies, and none of the optional peers. Every entry must load there in every way people load packages.
const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const project = join(root, '.tesserae', 'load')
/** Runs a program in the project; NODE_PATH, which package managers set for their shims, must not lend it packages. */
const run = (file: string, args: readonly string[]) => promisify(execFile)(file, args, { cwd: project, env })
const env = { ...process.env, NODE_PATH: undefined }

interface Manifest {
  readonly name: string
  readonly files: readonly string[]
  readonly dependencies?: Record<string, string>
  readonly exports: Record<string, string | Record<string, string>>
}

/** Every importable entry, for example `@tesserae/models/static`. */
const entries: string[] = []

function place(folder: string): void {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const target = join(project, 'node_modules', manifest.name)
  mkdirSync(target, { recursive: true })
  cpSync(join(folder, 'package.json'), join(target, 'package.json'))
  for (const file of manifest.files) {
    if (existsSync(join(folder, file))) cpSync(join(folder, file), join(target, file), { recursive: true })
  }
  for (const [entry, conditions] of Object.entries(manifest.exports)) {
    if (typeof conditions !== 'string')
      entries.push(entry === '.' ? manifest.name : manifest.name + entry.slice(1))
  }
  for (const dependency of Object.keys(manifest.dependencies ?? {})) {
    if (dependency.startsWith('@tesserae/')) continue
    const link = join(project, 'node_modules', dependency)
    if (existsSync(link)) continue
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(folder, 'node_modules', dependency), link, 'dir')
  }
}

/** Prints, per entry, the names it exports, less what interoperation with CommonJS adds to a namespace. */
function program(load: (entry: string, variable: string) => string): string {
  const lines = entries.map((entry, i) => load(entry, `entry${i}`))
  const exported = (variable: string) =>
    `Object.keys(${variable}).filter((name) => !/^(default|__esModule|module.exports)$/.test(name)).sort()`
  const names = entries.map((entry, i) => `${JSON.stringify(entry)}: ${exported(`entry${i}`)}`)
  return `${lines.join('\n')}\nconsole.log(JSON.stringify({ ${names.join(', ')} }))\n`
}

const esm = (entry: string, variable: string) => `import * as ${variable} from '${entry}'`
const cjs = (entry: string, variable: string) => `const ${variable} = require('${entry}')`

type Names = Record<string, readonly string[]>

function readNames(stdout: string): Names {
  const line = stdout.split('\n').find((text) => text.includes('{"@tesserae'))
  if (line === undefined) throw new Error(`No names in: ${stdout}`)
  return JSON.parse(line.slice(line.indexOf('{'), line.lastIndexOf('}') + 1)) as Names
}

beforeAll(() => {
  rmSync(project, { recursive: true, force: true })
  mkdirSync(project, { recursive: true })
  for (const name of readdirSync(join(root, 'packages'))) place(join(root, 'packages', name))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'load', private: true }))
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    strict: true,
    skipLibCheck: false,
    types: ['node'],
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  writeFileSync(join(project, 'modules.mjs'), program(esm))
  writeFileSync(join(project, 'required.cjs'), program(cjs))
  writeFileSync(join(project, 'script.ts'), program(esm))
  writeFileSync(join(project, 'module.mts'), program(esm))
})

const tool = (name: string) => join(root, 'node_modules', '.bin', name)

describe('every entry of every package loads without optional peers', () => {
  let expected: Names

  it('from an ES module', async () => {
    expected = readNames((await run(process.execPath, ['modules.mjs'])).stdout)
    expect(Object.keys(expected)).toEqual(entries)
    for (const [entry, names] of Object.entries(expected)) expect(names, entry).not.toHaveLength(0)
  })

  it('from require', async () => {
    expect(readNames((await run(process.execPath, ['required.cjs'])).stdout)).toEqual(expected)
  })

  it('from a ts-node script, types checked', async () => {
    expect(readNames((await run(tool('ts-node'), ['script.ts'])).stdout)).toEqual(expected)
  })

  it('from the ts-node REPL', async () => {
    expect(readNames(await repl(program(esm)))).toEqual(expected)
  })

  it('from tsx, as CommonJS and as a module', async () => {
    for (const file of ['script.ts', 'module.mts']) {
      expect(readNames((await run(tool('tsx'), [file])).stdout)).toEqual(expected)
    }
  })
})

describe('what a missing optional peer does', () => {
  it('is told per file, with the package to install, and costs nobody else anything', async () => {
    mkdirSync(join(project, 'files'), { recursive: true })
    writeFileSync(join(project, 'files', 'page.html'), '<p>Hello</p>')
    writeFileSync(join(project, 'files', 'paper.pdf'), '%PDF-1.7')
    writeFileSync(join(project, 'files', 'notes.md'), '# Notes')
    const code = `
      import { directory } from '@tesserae/loaders'
      import { tiktokenTokenizer } from '@tesserae/chunkers/tiktoken'
      const seen = {}
      for await (const item of directory('files').load()) {
        if (item.type === 'document') seen[item.document.id] = 'document'
        else seen[item.uri.split('/').pop()] = item.error.code + ': ' + item.error.message
      }
      seen.tiktoken = await tiktokenTokenizer().then(() => 'loaded', (error) => error.code + ': ' + error.message)
      console.log(JSON.stringify(seen))`
    writeFileSync(join(project, 'peers.mjs'), code)
    const seen = JSON.parse((await run(process.execPath, ['peers.mjs'])).stdout) as Record<string, string>
    expect(seen['notes.md']).toBe('document')
    expect(seen['page.html']).toMatch(/^unsupported: .*cheerio/)
    expect(seen['paper.pdf']).toMatch(/^unsupported: .*pdfjs-dist/)
    expect(seen.tiktoken).toMatch(/^unsupported: .*tiktoken/)
  })

  it('is told by every entry that has one', async () => {
    const code = `
      import { codeChunker } from '@tesserae/chunkers/code'
      import { tiktokenTokenizer } from '@tesserae/chunkers/tiktoken'
      import { htmlFormat } from '@tesserae/loaders/html'
      import { pdfFormat } from '@tesserae/loaders/pdf'
      import { bedrockEmbedder, bedrockLanguageModel, bedrockRelevanceModel } from '@tesserae/models/bedrock'
      import { transformersCrossEncoder, transformersEmbedder } from '@tesserae/models/transformers'
      import { libsqlDriver } from '@tesserae/retrievers/sqlite'
      const bedrock = { region: 'eu-central-1' }
      const uses = {
        'web-tree-sitter': () =>
          codeChunker({ language: 'typescript' }).split({ id: 'a', text: 'let a = 1', marks: [], metadata: {} }),
        tiktoken: () => tiktokenTokenizer(),
        cheerio: () => htmlFormat().parse({ bytes: new TextEncoder().encode('<p>a</p>'), uri: 'a.html' }),
        'pdfjs-dist': () => pdfFormat().parse({ bytes: new TextEncoder().encode('%PDF-1.7'), uri: 'a.pdf' }),
        '@huggingface/transformers': () => transformersEmbedder({ path: 'model' }),
        '@huggingface/transformers in a worker': () => transformersEmbedder({ path: 'model', worker: true }),
        '@huggingface/transformers for pairs': () => transformersCrossEncoder({ path: 'model' }),
        '@aws-sdk/client-bedrock-runtime': () =>
          bedrockEmbedder({ ...bedrock, model: 'amazon.titan-embed-text-v2:0' }).embed(['a'], { role: 'query' }),
        '@aws-sdk/client-bedrock-runtime for chat': () =>
          bedrockLanguageModel({ ...bedrock, model: 'm' }).generate({ messages: [] }),
        '@aws-sdk/client-bedrock-agent-runtime': () =>
          bedrockRelevanceModel({ ...bedrock, model: 'm' }).score('a', ['b']),
        libsql: () => libsqlDriver(),
      }
      const seen = {}
      for (const [name, use] of Object.entries(uses))
        seen[name] = await Promise.resolve().then(use).then(() => 'loaded', (error) => error.code + ': ' + error.message)
      console.log(JSON.stringify(seen))
      process.exit(0)`
    writeFileSync(join(project, 'every-peer.mjs'), code)
    const seen = JSON.parse((await run(process.execPath, ['every-peer.mjs'])).stdout) as Record<
      string,
      string
    >
    const peers = new Set<string>()
    for (const [use, told] of Object.entries(seen)) {
      const peer = use.split(' ')[0]!
      peers.add(peer)
      expect(told, use).toMatch(/^unsupported: /)
      expect(told, use).toContain(peer)
      expect(told, use).toMatch(/install/i)
    }
    // The grammars are the one peer that is met only behind another.
    for (const name of readdirSync(join(root, 'packages'))) {
      const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
        peerDependencies?: Record<string, string>
      }
      for (const peer of Object.keys(manifest.peerDependencies ?? {}))
        if (peer !== '@vscode/tree-sitter-wasm') expect(peers).toContain(peer)
    }
  })
})

function repl(input: string): Promise<string> {
  return new Promise((resolvePromise, reject) => {
    const child = spawn(tool('ts-node'), ['--interactive'], { cwd: project, env })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data) => {
      stdout += String(data)
    })
    child.stderr.on('data', (data) => {
      stderr += String(data)
    })
    child.on('error', reject)
    child.on('exit', (code) =>
      code === 0 ? resolvePromise(stdout) : reject(new Error(`exit ${code}: ${stderr}${stdout}`)),
    )
    child.stdin.end(input)
  })
}
