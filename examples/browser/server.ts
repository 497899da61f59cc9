import { readdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { build } from 'esbuild'
import { repositoryRoot } from '../benchmarks/harness/context.js'

export interface ServerOptions {
  /** @default 0: any free port */
  readonly port?: number | undefined
  /** Whether the page's policy lets it compile WebAssembly. @default true */
  readonly webAssembly?: boolean | undefined
}

export interface RunningServer {
  readonly url: string
  close(): Promise<void>
}

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.bin': 'application/octet-stream',
}

/** Bundles the page and its worker and serves them with the handbook, from memory and on this machine only. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { port = 0, webAssembly = true } = options
  const files = await readFiles()
  const policy = contentSecurityPolicy(webAssembly)
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const name = pathname === '/' ? 'index.html' : pathname.slice(1)
    const content = request.method === 'GET' || request.method === 'HEAD' ? files.get(name) : undefined
    if (content === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('There is nothing here.')
      return
    }
    response.writeHead(200, {
      'content-type': mediaTypes[extname(name)],
      'content-length': content.byteLength,
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache',
    })
    response.end(content)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return { url: `http://127.0.0.1:${portOf(server)}/`, close: () => closed(server) }
}

/** A worker has the policy of its own answer: the same header on all of them. */
function contentSecurityPolicy(webAssembly: boolean): string {
  return [
    "default-src 'none'",
    `script-src 'self'${webAssembly ? " 'wasm-unsafe-eval'" : ''}`,
    "worker-src 'self'",
    "style-src 'self'",
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

async function readFiles(): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = join(repositoryRoot, 'examples', 'browser')
  const files = new Map<string, Uint8Array>()
  for (const name of ['index.html', 'page.css']) files.set(name, await readFile(join(folder, name)))
  const handbook = (await readdir(join(folder, 'handbook'))).sort()
  for (const name of handbook) files.set(`handbook/${name}`, await readFile(join(folder, 'handbook', name)))
  files.set('handbook/list.txt', new TextEncoder().encode(handbook.join('\n')))
  const models = dirname(createRequire(import.meta.url).resolve('@tesserae/models/package.json'))
  files.set('static-en-256.bin', await readFile(join(models, 'data', 'static-en-256.bin')))
  for (const { path, contents } of await bundle(folder)) files.set(path, contents)
  return files
}

/** One file for the page and one for the worker: import maps do not reach into workers. */
async function bundle(folder: string) {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: ['page.ts', 'worker.ts'],
    outdir: '.',
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
    tsconfigRaw: {},
  })
  return outputFiles.map(({ path, contents }) => ({ path: path.slice(folder.length + 1), contents }))
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return address.port
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)))
    server.closeAllConnections()
  })
}
