import type { Document } from '@tesserae/core'
import { pieceTokenizer, toChunks } from '@tesserae/core'
import { chunkerLaws } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { markdownDocument, randomlyMarkedDocument } from '../structural/testing/mark-blocks.js'
import { lawTexts } from '../testing/law-texts.js'
import { contractSections, legalSections } from './patterns.js'
import type { SectionChunkerOptions } from './sections.js'
import { sectionChunker } from './sections.js'

const count = lawTexts
const plain = (text: string): Document => ({ id: 'd', text, marks: [], metadata: {} })

async function shown(source: string | Document, options: SectionChunkerOptions) {
  const document = typeof source === 'string' ? plain(source) : source
  const chunks = toChunks(document, await sectionChunker(options).split(document))
  return chunks.map(({ context, text }) => [context, text])
}

describe('sectionChunker', () => {
  it('finds the parts of a judgment and keeps what stands before them', async () => {
    const text = [
      'Smith v. Jones\n2024 EWHC 7\n',
      'I. BACKGROUND\nThe tenant left in May.\n',
      'II. ARGUMENTS OF THE PARTIES\nThe owner argues.\nThe tenant submits.\n',
      'Analysis\r\nThe decision was late.\r\n',
      '## Decision\nThe appeal is dismissed.',
    ].join('\n')
    expect(await shown(text, { patterns: legalSections, maxTokens: 60 })).toEqual([
      [undefined, 'Smith v. Jones\n2024 EWHC 7'],
      ['Background', 'I. BACKGROUND\nThe tenant left in May.'],
      ['Arguments', 'II. ARGUMENTS OF THE PARTIES\nThe owner argues.\nThe tenant submits.'],
      ['Analysis', 'Analysis\r\nThe decision was late.'],
      ['Decision', '## Decision\nThe appeal is dismissed.'],
    ])
  })

  it.each([
    [
      'Background',
      ['Factual and Procedural Background', 'STATEMENT OF FACTS', '1. Introduction', 'The Facts:'],
    ],
    ['Issues', ['Issues', 'QUESTIONS PRESENTED', 'B. Issue for determination']],
    ['Arguments', ['Argument', "The parties' submissions", 'Contentions of the parties']],
    ['Law', ['Legal framework', 'STANDARD OF REVIEW', 'Applicable law']],
    ['Analysis', ['Discussion', 'IV) Reasons', 'Findings.']],
    ['Decision', ['CONCLUSION', 'Operative part', 'Order', '§ 9. Disposition', 'Holding']],
    ['Dissent', ['Dissenting opinion', 'CONCURRENCE']],
  ])('names the titles of %s', async (name, titles) => {
    for (const title of titles) {
      const chunks = await shown(`Before.\n${title}\nText.`, { patterns: legalSections })
      expect(chunks[1], title).toEqual([name, `${title}\nText.`])
    }
  })

  it('takes prose with the same words for prose', async () => {
    const text = 'The decision was made.\nBackground noise filled the room\nfacts of the case and more'
    expect((await shown(text, { patterns: legalSections })).length).toBe(1)
    const numbers =
      'Paid were 3.14 percent\n2.5 million people came\n12 monkeys left\nPart of it is late\n1999 was good'
    expect((await shown(numbers, { patterns: contractSections })).length).toBe(1)
  })

  it('nests the clauses of a contract', async () => {
    const text = [
      'LEASE AGREEMENT',
      'Recitals',
      'The owner owns a house.',
      'ARTICLE I - RENT',
      '1. Amount. The rent is 900 euros.',
      '1.1 Due date: The first of the month.',
      '1.2 The owner gives a receipt.',
      'Section 2. Deposit',
      'Two months.',
      'ARTICLE II',
      '3) Pets',
      'Allowed.',
      'Schedule A: Inventory',
      'A table.',
    ].join('\n')
    expect(
      (await shown(text, { patterns: contractSections, maxTokens: 80 })).map(([context]) => context),
    ).toEqual([
      undefined,
      'Recitals',
      'ARTICLE I - RENT',
      'ARTICLE I - RENT > 1. Amount > 1.1 Due date',
      'ARTICLE I - RENT > 1. Amount > 1.2 The owner gives a receipt',
      'ARTICLE I - RENT > Section 2. Deposit',
      'ARTICLE II',
      'Schedule A: Inventory',
    ])
  })

  it('divides a section over the cap, each part under its name', async () => {
    const text = `Facts\n${'The tenant paid the rent. '.repeat(20)}\nDecision\nDismissed.`
    const chunks = await shown(text, { patterns: legalSections, maxTokens: 40 })
    expect(chunks.length).toBeGreaterThan(3)
    expect(chunks.slice(0, -1).every(([context]) => context === 'Background')).toBe(true)
    expect(chunks.at(-1)).toEqual(['Decision', 'Decision\nDismissed.'])
    const bare = await shown(text, { patterns: legalSections, maxTokens: 40, sectionContext: false })
    expect(bare.every(([context]) => context === undefined)).toBe(true)
  })

  it('merges small sections when asked to', async () => {
    const text = 'Q: One?\nYes.\nQ: Two?\nNo.\nQ: Three?\nPerhaps.'
    const patterns = [{ name: 'Question', pattern: /^Q: (?<title>.+)$/g }]
    expect(await shown(text, { patterns })).toEqual([
      ['One?', 'Q: One?\nYes.'],
      ['Two?', 'Q: Two?\nNo.'],
      ['Three?', 'Q: Three?\nPerhaps.'],
    ])
    expect(await shown(text, { patterns, minTokens: 12 })).toEqual([[undefined, text]])
  })

  it('opens no section inside tables and code, and replaces the headings of the document', async () => {
    const text = '# Title\n\n```\nDecision\n```\n\n| Facts |\n|---|\n| Decision |\n\nDecision\n\nDismissed.'
    expect(await shown(markdownDocument('d', text), { patterns: legalSections })).toEqual([
      [undefined, text.slice(0, text.lastIndexOf('Decision')).trim()],
      ['Decision', 'Decision\n\nDismissed.'],
    ])
    expect((await shown(text, { patterns: legalSections })).length).toBe(3)
  })

  it('cannot be hung by a slow pattern on a long line', async () => {
    const text = `${'a'.repeat(2_000_000)}\n${'x '.repeat(500_000)}`
    const patterns = [{ name: 'slow', pattern: /^(?:a|x|\s)*\s*(?:a|x)*b$/ }]
    expect((await shown(text, { patterns })).length).toBeGreaterThan(1000)
  })

  it('ends with the reason of the signal while it works', async () => {
    const controller = new AbortController()
    const chunker = sectionChunker({ patterns: contractSections })
    setTimeout(() => controller.abort(new Error('enough')), 0)
    const run = chunker.split(plain('1. A clause.\n'.repeat(200_000)), { signal: controller.signal })
    await expect(run).rejects.toThrow('enough')
  })

  it.each([
    [{}, 'at least one pattern'],
    [{ patterns: [] }, 'at least one pattern'],
    [{ patterns: [{ name: ' ', pattern: /a/ }] }, 'patterns[0].name'],
    [{ patterns: [{ name: 'a', pattern: 'a' }] }, 'patterns[0].pattern'],
    [{ patterns: [{ name: 'a', pattern: /a/, level: 0 }] }, 'patterns[0].level'],
    [{ patterns: legalSections, maxTokens: 0 }, 'maxTokens'],
    [{ patterns: legalSections, overlap: 0 }, 'an option of sectionChunker'],
  ])('refuses %j', (options, message) => {
    expect(() => sectionChunker(options as SectionChunkerOptions)).toThrow(message)
  })

  it('is told apart by its patterns', () => {
    const ids = [/a/, /b/, /a/i].map((pattern) => sectionChunker({ patterns: [{ name: 'a', pattern }] }).id)
    expect(new Set(ids).size).toBe(3)
  })
})

const patterns = [
  { name: 'Heading', pattern: /^#+ (?<title>.*)/ },
  { name: 'Item', pattern: /^(?:[-*]|\d+\.) /, level: 2 },
  { name: 'Word', pattern: /^\p{L}/u, level: 3 },
]
for (const [index, document] of [markdownDocument, randomlyMarkedDocument].entries()) {
  describe(`laws: sections, ${document.name}`, () => {
    const laws = chunkerLaws(() => sectionChunker({ patterns, maxTokens: 40, minTokens: index * 10 }), {
      document,
      seed: index + 1,
      count: Math.ceil(count / 2),
      hugeLineUnits: 2000,
      maxTokens: 40,
      tokenizer: pieceTokenizer(),
    })
    for (const law of laws) it(law.name, () => law.run())
  })
}
