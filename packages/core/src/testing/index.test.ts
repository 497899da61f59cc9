import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as testing from './index.js'

const source = readFileSync(new URL('./index.ts', import.meta.url), 'utf8')
const table = source.slice(source.indexOf('/**'), source.indexOf('*/'))

const suites: { readonly [name: string]: readonly testing.Law[] } = {
  chunkerLaws: testing.chunkerLaws(testing.fakeChunker(), {
    maxTokens: 9,
    tokenizer: { id: 'none', ends: () => new Uint32Array() },
  }),
  embedderLaws: testing.embedderLaws(testing.fakeEmbedder()),
  vectorIndexLaws: [true, false].flatMap((exact) =>
    testing.vectorIndexLaws(() => Promise.reject(new Error('not run')), { exact }),
  ),
  lexicalIndexLaws: testing.lexicalIndexLaws(() => Promise.reject(new Error('not run'))),
  storeLaws: testing.storeLaws(() => testing.fakeStore(), {
    vector: 32,
    text: true,
    reopen: (store) => store,
  }),
  retrieverLaws: testing.retrieverLaws(() => testing.fakeRetriever([])),
  rerankerLaws: testing.rerankerLaws(() => Promise.reject(new Error('not run'))),
  filterLaws: testing.filterLaws(() => true),
  loaderLaws: testing.loaderLaws(() => testing.fakeLoader([]), {
    failing: () => testing.fakeLoader([]),
    bytes: () => testing.fakeLoader([]),
  }),
}

describe('the table of laws in the documentation of the entry', () => {
  it('lists every law of every suite, and none that does not exist', () => {
    const names = Object.entries(suites).flatMap(([suite, laws]) =>
      laws.map((law) => `${suite}: ${law.name}`),
    )
    const told = new Set<string>()
    let suite = ''
    for (const line of table.split('\n')) {
      suite = /^ \* `(\w+Laws)`/.exec(line)?.[1] ?? suite
      const law = /^ \* - (.*)$/.exec(line)?.[1]
      if (law) told.add(`${suite}: ${law}`)
    }
    expect([...told].toSorted()).toEqual([...new Set(names)].toSorted())
  })

  it('knows every suite that the entry exports', () => {
    expect(
      Object.keys(testing)
        .filter((name) => name.endsWith('Laws'))
        .toSorted(),
    ).toEqual(Object.keys(suites).toSorted())
  })
})

it('imports neither a test framework nor Node', () => {
  const folder = new URL('.', import.meta.url)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  )
  expect(files.length).toBeGreaterThan(25)
  for (const file of files)
    expect(readFileSync(new URL(file, folder), 'utf8'), file).not.toMatch(/from '(?!\.)/)
})
