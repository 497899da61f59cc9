// Installs, builds, and runs every check and every test; ends with one line that counts them all.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bin, build, install, root, run } from './workspace.mjs'

await install()
await build()

const checks = [
  ['types of sources, tests and examples', bin('tsc'), ['-b']],
  ['lint and format', bin('biome'), ['ci', '.', '--diagnostic-level=error']],
  ['boundaries', process.execPath, ['scripts/check-boundaries.mjs']],
]
let passed = 0
let failed = 0
let skipped = 0
for (const [name, command, args] of checks) {
  const code = await run(command, args)
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name}`)
  if (code === 0) passed++
  else failed++
}

const reports = join(root, 'node_modules', '.tesserae')
const report = join(reports, 'tests.json')
mkdirSync(reports, { recursive: true })
rmSync(report, { force: true })
const code = await run(bin('vitest'), [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
])
try {
  const results = JSON.parse(readFileSync(report, 'utf8'))
  passed += results.numPassedTests
  failed += results.numFailedTests
  skipped += results.numPendingTests + results.numTodoTests
  // A file that could not even be loaded has no tests to count, and is a failure all the same.
  failed += results.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length
  const names = results.testResults.flatMap((file) =>
    file.assertionResults.filter((t) => t.status === 'pending' || t.status === 'skipped'),
  )
  if (names.length > 0) {
    console.log(`\nSkipped here:\n${names.map((t) => `  ${t.fullName}`).join('\n')}`)
  }
  if (code !== 0 && results.numFailedTests === 0 && failed === 0) failed++
} catch (error) {
  console.error(`No test report was written: ${error.message}`)
  failed++
}
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exit(failed === 0 ? 0 : 1)
