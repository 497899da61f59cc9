#!/usr/bin/env node
// Builds what changed and runs one campaign: a long test that is too heavy for every change.
import { build, install } from '../../scripts/workspace.mjs'

await install({ output: 'stderr' })
await build({ output: 'stderr' })
const { main } = await import('../dist/campaigns/cli.js')
process.exitCode = await main(process.argv.slice(2))
