import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('.', import.meta.url))

/** Tests run on the sources: every `@tesserae/x/y` entry is mapped from its built file back to its source. */
function sourceAliases(): { find: RegExp; replacement: string }[] {
  const aliases = []
  for (const folder of readdirSync(`${root}packages`)) {
    const manifest = JSON.parse(readFileSync(`${root}packages/${folder}/package.json`, 'utf8')) as {
      name: string
      exports: Record<string, string | { default: string }>
    }
    for (const [entry, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string') continue
      const source = target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
      const name = entry === '.' ? manifest.name : `${manifest.name}${entry.slice(1)}`
      aliases.push({
        find: new RegExp(`^${name.replaceAll('/', '\\/')}$`),
        replacement: `${root}packages/${folder}/${source}`,
      })
    }
  }
  return aliases
}

export default defineConfig({
  resolve: { alias: sourceAliases() },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'examples/**/*.test.ts', 'scripts/**/*.test.ts'],
    // No test is timed: these only end what hangs, on a machine as busy as may be.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    // One worker a core: the default leaves a core idle, half the machine where there are two.
    maxWorkers: availableParallelism(),
  },
})
