// A marketing manager, a project member and an administrator ask the same index: each sees what their rights allow, and no more.

import { recursiveChunker } from '@tesserae/chunkers'
import {
  and,
  type DocumentRecord,
  documentRecord,
  eq,
  type Filter,
  has,
  ingest,
  matchesFilter,
  oneOf,
  or,
  type RagEvent,
  scopeRetriever,
} from '@tesserae/core'
import { type TextInput, texts } from '@tesserae/loaders'
import { lexicalRetriever, memoryStore } from '@tesserae/retrievers'
import { describe, expect, it } from 'vitest'

const managers = (department: string) => ({ department, audience: ['managers'] })
const project = { department: 'projects', audience: ['members'] }
const documents: readonly TextInput[] = [
  {
    id: 'campaign.md',
    text: 'The budget of the spring campaign is 40,000.',
    metadata: managers('marketing'),
  },
  {
    id: 'salaries.md',
    text: 'The budget for salaries rises by three percent.',
    metadata: managers('people'),
  },
  {
    id: 'bridge/plan.md',
    text: 'The budget of the bridge is 2,000,000.',
    metadata: { ...project, project: 'bridge' },
  },
  {
    id: 'bridge/tasks.md',
    text: 'Tasks on the bridge budget: survey the ground, order steel.',
    metadata: { ...project, project: 'bridge', assignee: 'john.doe' },
  },
  {
    id: 'tunnel/tasks.md',
    text: 'Tasks on the tunnel budget: rent a drill.',
    metadata: { ...project, project: 'tunnel', assignee: 'john.doe' },
  },
  // Whoever uploaded this set no rights: it is nobody's, not everybody's.
  { id: 'stray.md', text: 'The budget of the summer party, a draft.' },
  { id: 'blank.md', text: '   ', metadata: managers('marketing') },
]

/** Who somebody is, as the directory of people says at this moment; never part of a question. */
const people = new Map<
  string,
  { readonly roles: readonly string[]; readonly department?: string; readonly projects?: readonly string[] }
>([
  ['maria', { roles: ['managers'], department: 'marketing' }],
  ['paul', { roles: ['members'], projects: ['bridge'] }],
  ['john.doe', { roles: ['members'], projects: ['bridge', 'tunnel'] }],
])
/** Role and attributes as one filter; a person that is not known gets none, and so sees nothing. */
function rightsOf(user: string): Filter | undefined {
  const person = people.get(user)
  if (person === undefined) return undefined
  const roles = or(...person.roles.map((role) => has('audience', role)))
  const department = person.department === undefined ? [] : [eq('department', person.department)]
  const projects = person.projects === undefined ? [] : [oneOf('project', person.projects)]
  return and(roles, or(...department, ...projects))
}

describe('search within the rights of who asks', () => {
  const prepare = async () => {
    const store = memoryStore()
    const records: DocumentRecord[] = []
    await ingest(texts(documents).load(), {
      chunker: recursiveChunker(),
      store,
      onDocument: (document) => records.push(documentRecord(document)),
    })
    const search = lexicalRetriever({ store })
    const searchAs = (user: string) => scopeRetriever(search, () => rightsOf(user))
    return { searchAs, search, records }
  }
  const prepared = prepare()
  const found = async (user: string, query = 'budget', filter?: Filter) => {
    const { searchAs } = await prepared
    const hits = await searchAs(user).retrieve(query, { limit: 20, filter })
    return hits.map(({ chunk }) => chunk.documentId).sort()
  }

  it('shows each person their own, and nobody what has no rights', async () => {
    const { search } = await prepared
    expect(await search.retrieve('budget', { limit: 20 })).toHaveLength(6)
    expect(await found('maria')).toEqual(['campaign.md'])
    expect(await found('paul')).toEqual(['bridge/plan.md', 'bridge/tasks.md'])
    expect(await found('john.doe')).toEqual(['bridge/plan.md', 'bridge/tasks.md', 'tunnel/tasks.md'])
    expect(await found('a stranger')).toEqual([])
  })

  it('finds the tasks of John Doe for those who share a project with him', async () => {
    const tasks = eq('assignee', 'john.doe')
    expect(await found('john.doe', 'tasks', tasks)).toEqual(['bridge/tasks.md', 'tunnel/tasks.md'])
    expect(await found('paul', 'tasks', tasks)).toEqual(['bridge/tasks.md'])
    expect(await found('maria', 'tasks', tasks)).toEqual([])
  })

  it('cannot be widened by a filter, and follows rights that change', async () => {
    expect(
      await found('maria', 'budget', or(eq('department', 'people'), has('audience', 'members'))),
    ).toEqual([])
    people.set('maria', { roles: ['managers'], department: 'people' })
    expect(await found('maria')).toEqual(['salaries.md'])
    people.delete('maria')
    expect(await found('maria')).toEqual([])
    const { searchAs } = await prepared
    const events: RagEvent[] = []
    await searchAs('maria').retrieve('budget', { observer: (event) => events.push(event) })
    expect(events.map(({ type }) => type)).toContain('scope.denied')
  })

  it('tells an administrator of each document why somebody does not find it, without its text', async () => {
    const { records } = await prepared
    const why = (user: string, documentId: string) => {
      const record = records.find((one) => (one.documentId ?? one.uri) === documentId)
      if (record === undefined) return 'was never loaded'
      if (record.status === 'failed') return `failed: ${record.code}`
      const rights = rightsOf(user)
      if (rights === undefined) return 'the person is not known'
      return matchesFilter(rights, record.metadata!) ? 'may be found' : 'is outside the rights of the person'
    }
    expect(why('paul', 'bridge/plan.md')).toBe('may be found')
    expect(why('paul', 'tunnel/tasks.md')).toBe('is outside the rights of the person')
    expect(why('paul', 'stray.md')).toBe('is outside the rights of the person')
    expect(why('paul', 'blank.md')).toBe('failed: load-failed')
    expect(why('paul', 'gone.md')).toBe('was never loaded')
    expect(why('nobody', 'bridge/plan.md')).toBe('the person is not known')
    expect(JSON.stringify(records)).not.toContain('2,000,000')
  })
})
