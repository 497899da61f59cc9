import { eq, type LanguageModel, type Retriever } from '@tesserae/core'
import { fakeRetriever } from '@tesserae/core/testing'
import { describe, expect, it } from 'vitest'
import { chunkOf, idsOf } from '../testing/library.js'
import { answering, patience, useless } from '../testing/useless-models.js'
import { type Route, routerRetriever } from './router.js'

describe('routerRetriever', () => {
  const place = (name: string): Retriever =>
    fakeRetriever(
      [
        {
          chunk: chunkOf(name, name),
          score: 1,
          trace: [{ stage: name, kind: 'lexical', rank: 1, score: 1 }],
        },
      ],
      { name },
    )
  const routes: readonly Route[] = [
    {
      name: 'tickets',
      description: 'support tickets by number',
      retriever: place('tickets'),
      when: /\bT-\d+\b/g,
    },
    { name: 'policies', description: 'rules and policies', retriever: place('policies') },
    {
      name: 'chat',
      description: 'greetings',
      retriever: 'none',
      when: (query) => /^(hi|hello)\b/i.test(query),
    },
  ]
  const route = async (query: string, model?: LanguageModel, timeoutMs = 2000) => {
    const router = routerRetriever(routes, { otherwise: 'policies', model, timeoutMs })
    const { route: taken, by, hits } = await router.retrieveRouted(query)
    return [taken, by, idsOf(hits).join()]
  }

  it('goes by rules first, the same each time', async () => {
    const model = answering({ route: 'policies' })
    for (let i = 0; i < 3; i++)
      expect(await route('status of T-12', model)).toEqual(['tickets', 'rule', 'tickets'])
    expect(await route('hello there', model)).toEqual(['chat', 'rule', ''])
    expect(model.calls).toHaveLength(0)
  })

  it('asks the model about the rest, with the descriptions', async () => {
    const model = answering('I choose {"route": "tickets"} of course')
    expect(await route('what about my complaint?', model)).toEqual(['tickets', 'model', 'tickets'])
    expect(model.calls[0]!.messages[0]!.content).toContain('rules and policies')
    expect(await route('what about my complaint?')).toEqual(['policies', 'default', 'policies'])
  })

  it.each(useless)('takes the default when the model is %s', async (_, model) => {
    expect(await route('what about my complaint?', model, patience(model))).toEqual([
      'policies',
      'default',
      'policies',
    ])
  })

  it.each([
    { route: 'nowhere' },
    { route: '__proto__' },
    { route: ['tickets', 'policies'] },
    { routes: ['tickets'] },
    { route: 'tickets; DROP' },
    { route: { name: 'tickets' } },
  ])('takes the default for the answer %j', async (answer) => {
    expect(await route('what about my complaint?', answering(answer))).toEqual([
      'policies',
      'default',
      'policies',
    ])
  })

  it('says where a hit comes from, and passes everything on', async () => {
    const router = routerRetriever(routes, { otherwise: 'policies' })
    const [hit] = await router.retrieve('T-1')
    expect(hit!.trace.map(({ stage }) => stage)).toEqual(['tickets', 'router/tickets'])
    expect(await router.retrieve('T-1', { filter: eq('tenant', 'a') })).toEqual([])
    const reason = new Error('enough')
    await expect(router.retrieve('T-1', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('refuses routes that cannot be told apart or reached', () => {
    expect(() => routerRetriever([], { otherwise: 'x' })).toThrow('routes')
    expect(() => routerRetriever([routes[1]!, routes[1]!], { otherwise: 'policies' })).toThrow(
      'routes[1].name',
    )
    expect(() => routerRetriever(routes, { otherwise: 'nowhere' })).toThrow('otherwise')
  })
})
