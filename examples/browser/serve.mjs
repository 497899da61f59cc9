#!/usr/bin/env node
// Builds what changed and serves the page: `node examples/browser/serve.mjs [port]`.
import { build, install } from '../../scripts/workspace.mjs'

await install()
await build()
const { startServer } = await import('../dist/browser/server.js')
const port = Number(process.argv[2] ?? 8080)
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`The port must be a whole number from 0 to 65535, got ${process.argv[2]}.`)
  process.exit(2)
}
const { url } = await startServer({ port })
console.log(`${url}          in a Web Worker\n${url}?in=page   in the page itself`)
