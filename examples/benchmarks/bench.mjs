#!/usr/bin/env node
// Builds what changed and runs one benchmark: `pnpm bench <name> [--json] [--quick] [--only a,b]`.
import { build, install } from '../../scripts/workspace.mjs'

await install({ output: 'stderr' })
await build({ output: 'stderr' })
const { main } = await import('../dist/benchmarks/cli.js')
process.exitCode = await main(process.argv.slice(2))
