import { bench, describe } from 'vitest'
import { csvChunker } from '../data/csv.js'
import { jsonChunker } from '../data/json.js'
import { hierarchicalChunker } from '../hierarchical/hierarchical.js'
import { structuralChunker } from './structural.js'
import { markdownDocument } from './testing/mark-blocks.js'

const section = (at: number) => `## Section ${at}

The tenant pays the rent of month ${at} before its first day. The owner gives a receipt.

- one item of the list
- another item, with more words
  - a nested one

| Name | Value |
|------|-------|
| row ${at} | value ${at} |

\`\`\`ts
const rent${at} = pay(${at})
\`\`\`

`
const markdown = (sections: number) =>
  markdownDocument('bench', `# Title\n\n${Array.from({ length: sections }, (_, at) => section(at)).join('')}`)
const small = markdown(3_500)
const large = markdown(35_000)
const table = { ...small, text: `name,price\n${'a name,12\n'.repeat(100_000)}`, marks: [] }
const values = {
  ...small,
  text: JSON.stringify(Array.from({ length: 25_000 }, (_, id) => ({ id, name: 'a name' }))),
}

describe('structural chunking', () => {
  bench('structural, 1 MB of Markdown', async () => {
    await structuralChunker({ maxTokens: 512 }).split(small)
  })
  bench('structural, 10 MB of Markdown', async () => {
    await structuralChunker({ maxTokens: 512 }).split(large)
  })
  bench('hierarchical, 1 MB of Markdown', async () => {
    await hierarchicalChunker({ base: 'structural' }).split(small)
  })
  bench('csv, 1 MB', async () => {
    await csvChunker().split(table)
  })
  bench('json, 1 MB', async () => {
    await jsonChunker().split(values)
  })
})
