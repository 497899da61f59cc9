import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const folder = fileURLToPath(new URL('../.changeset/', import.meta.url))
const packages = fileURLToPath(new URL('../packages/', import.meta.url))
const names = readdirSync(packages).map((name) => `@tesserae/${name}`)

/** The form the release tool reads: names and bumps between two rules, then what users will notice. */
const FORM = /^---\n((?:'[^'\n]+': (?:patch|minor|major)\n)+)---\n\n\S/

describe.each(readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'README.md'))(
  'changeset %s',
  (file) => {
    it('names packages of this repository and says what changed', () => {
      const head = FORM.exec(readFileSync(`${folder}${file}`, 'utf8'))?.[1]
      expect(head).toBeDefined()
      for (const [, name] of head!.matchAll(/'([^']+)':/g)) expect(names).toContain(name)
    })
  },
)
