// A team lead asks: "What approval process applies to this budget request?" One search finds half of it; the agent goes on.

import { recursiveChunker } from '@tesserae/chunkers'
import { and, eq, gte, ingest, lte, or } from '@tesserae/core'
import { fakeLanguageModel } from '@tesserae/core/testing'
import { texts } from '@tesserae/loaders'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { iterativeRetriever, selfQuery } from '@tesserae/retrievers/expand'
import { describe, expect, it } from 'vitest'

const policy = (id: string, kind: string, from: number, to: number, text: string) => ({
  id,
  text,
  metadata: { kind, from, to },
})
const documents = [
  policy(
    'small.md',
    'approval',
    0,
    10_000,
    'Budget requests: the approval process for up to 10,000 is a signature of the team lead.',
  ),
  policy(
    'large.md',
    'approval',
    50_000,
    10_000_000,
    'Budget requests: the approval process for 50,000 and more is a vote of the investment board.',
  ),
  policy(
    'board.md',
    'approval',
    50_000,
    10_000_000,
    'The investment board meets on the first Monday. Papers are handed in ten days ahead.',
  ),
  policy(
    'report.md',
    'report',
    0,
    10_000_000,
    'Report on the approval process of budget requests: 31 were approved last year.',
  ),
]
const request =
  'What approval process applies to this budget request? Machine for the workshop, 64,000 francs.'

describe('the approval process for a budget request', () => {
  const prepare = async () => {
    const store = memoryStore()
    await ingest(texts(documents).load(), { chunker: recursiveChunker(), store })
    return lexicalRetriever({ store })
  }
  /** What sort of request it is: a checked filter on the fields that policies have, or none. */
  const classify = async (answer: unknown) => {
    const model = fakeLanguageModel([JSON.stringify(answer)])
    const schema = {
      kind: { type: 'string', values: ['approval', 'report'] },
      from: { type: 'number', description: 'smallest amount that the policy is about' },
      to: { type: 'number', description: 'largest amount that the policy is about' },
    } as const
    return selfQuery(request, { model, schema })
  }
  const classified = {
    query: 'approval process for a budget request',
    filter: and(eq('kind', 'Approval'), lte('from', '64000'), gte('to', 64_000)),
  }

  it('is classified, filtered, searched, and searched again for what was missing', async () => {
    const search = await prepare()
    const { query, filter } = await classify(classified)
    // Letter case and number came right by the schema.
    expect(filter).toEqual(and(eq('kind', 'approval'), lte('from', 64_000), gte('to', 64_000)))
    const [first] = await search.retrieve(query, { filter, limit: 1 })
    expect(first!.chunk.documentId).toBe('large.md')

    const model = fakeLanguageModel(({ messages }) => {
      const { content } = messages.at(-1)!
      const enough = content.includes('Papers are handed in')
      return JSON.stringify({ enough, queries: enough ? [] : ['when does the investment board meet'] })
    })
    const agent = iterativeRetriever(search, { model, shownHits: 4 })
    const { hits, steps, stop, queries } = await agent.retrieveExpanded(query, { filter, limit: 4 })
    expect([steps, stop]).toEqual([2, 'enough'])
    expect(queries.map(({ text }) => text)).toEqual([query, 'when does the investment board meet'])
    const found = hits.map(({ chunk }) => chunk.documentId)
    // Neither the rule for small amounts nor the report, which says more of the words.
    expect(found.sort()).toEqual(['board.md', 'large.md'])
    // One search alone does not find the board's dates.
    const once = await search.retrieve(query, { filter, limit: 4 })
    expect(once.map(({ chunk }) => chunk.documentId)).toEqual(['large.md'])
  })

  it('ends with what it has when nothing new is found, and after the steps it was given', async () => {
    const search = await prepare()
    const { query, filter } = await classify(classified)
    const stubborn = fakeLanguageModel((_request, call) =>
      JSON.stringify({ enough: false, queries: [`approval process number ${call}`] }),
    )
    const nothingNew = iterativeRetriever(search, { model: stubborn, maxSteps: 10 })
    expect(await nothingNew.retrieveExpanded(query, { filter })).toMatchObject({
      steps: 2,
      stop: 'nothing-new',
    })
    const asking = fakeLanguageModel(() => '{"enough": false, "queries": ["investment board Monday"]}')
    const short = iterativeRetriever(search, { model: asking, maxSteps: 2 })
    expect(await short.retrieveExpanded(query, { filter })).toMatchObject({ steps: 2, stop: 'steps' })
  })

  it('is not led to fields that there are not', async () => {
    const { filter } = await classify({
      query: 'approval',
      filter: and(eq('kind', 'approval'), or(eq('owner', 'ceo'), eq('kind', 'secret'))),
    })
    expect(filter).toEqual(eq('kind', 'approval'))
  })
})
