// Installs and builds what changed, then runs examples/quickstart on the dependencies' documentation or your files.
import { build, install, root } from './workspace.mjs'

await install({ output: 'stderr' })
await build({ output: 'stderr' })
const { main } = await import('../examples/dist/quickstart/main.js')
process.exitCode = await main(process.argv.slice(2), root)
