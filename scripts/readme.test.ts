import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'

// Every TypeScript snippet of every README runs as it stands, in a folder that has a little `docs` to read.
const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const work = join(root, 'examples', '.snippets')
const run = promisify(execFile)

const files = [
  'README.md',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
]

function snippets(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1]!)
}

beforeAll(() => {
  rmSync(work, { recursive: true, force: true })
  mkdirSync(join(work, 'docs'), { recursive: true })
  writeFileSync(
    join(work, 'docs', 'lease.md'),
    '# Lease\n\n## Deposit\n\nThe tenant pays a deposit of two months of rent before moving in.\n\n## Repairs\n\nThe landlord pays for repairs of the roof and the heating.\n',
  )
  writeFileSync(
    join(work, 'docs', 'house-rules.txt'),
    'Quiet hours are from ten in the evening to seven in the morning.\n',
  )
  writeFileSync(
    join(work, 'docs', 'moving.html'),
    '<main><h1>Moving in</h1><p>The keys are handed over at noon.</p></main>',
  )
})

describe('README snippets', () => {
  it('are there for every package', () => {
    for (const file of files) expect(snippets(file), `${file} has no TypeScript snippet`).not.toHaveLength(0)
  })

  for (const file of files) {
    for (const [i, code] of snippets(file).entries()) {
      it(`${file} snippet ${i + 1} runs`, async () => {
        const path = join(work, `${file.replace(/[/.]/g, '-')}-${i + 1}.mts`)
        writeFileSync(path, code)
        await run(join(root, 'node_modules', '.bin', 'tsx'), [path], { cwd: work })
      })
    }
  }

  it('shows the example that is executed', () => {
    const example = readFileSync(join(root, 'examples', 'first-answer.ts'), 'utf8')
    expect(snippets('README.md')[0]).toBe(example)
    expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(20)
  })
})
