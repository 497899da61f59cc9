import type { Entry, Ranked, Store, TextSearch, VectorSearch } from '../../store.js'
import { collect, expectSame } from '../assert.js'
import { randomChunks, randomUnitVector } from '../data.js'
import { broken } from '../law.js'
import type { Random } from '../random.js'

/** A store and the searches it may have. */
export type StoreUnderTest = Store & Partial<VectorSearch> & Partial<TextSearch>

/** Entries of `randomChunks`, with unit vectors when `dimensions` are given. */
export function randomEntries(random: Random, count: number, dimensions?: number): Entry[] {
  return randomChunks(random, count).map((chunk, position) => ({
    chunk,
    revision: `revision-${position}`,
    ...(dimensions === undefined ? {} : { vector: randomUnitVector(random, dimensions) }),
  }))
}

/** What `list` must tell of these entries, in order of id. */
export function referencesOf(entries: readonly Entry[]): unknown[] {
  return entries
    .map(({ chunk, revision }) => ({ id: chunk.id, documentId: chunk.documentId, revision }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** The store holds these entries and nothing else, whole. */
export async function expectContent(
  store: StoreUnderTest,
  entries: readonly Entry[],
  reason: string,
): Promise<void> {
  const refs = (await collect(store.list())).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  expectSame(refs, referencesOf(entries), `${reason}: list`)
  const chunks = await store.get(entries.map(({ chunk }) => chunk.id))
  for (const [position, { chunk }] of entries.entries()) expectSame(chunks[position], chunk, `${reason}: get`)
}

/** Rules on any list of ranked chunks: not too many, scores fall, ties by id, no repeats, stored chunks whole. */
export function checkRanked(ranked: readonly Ranked[], limit: number, entries: readonly Entry[]): void {
  if (ranked.length > limit) broken('more hits than the limit', { expected: limit, actual: ranked.length })
  const stored = new Map(entries.map(({ chunk }) => [chunk.id, chunk]))
  const seen = new Set<string>()
  for (const [rank, { chunk, score }] of ranked.entries()) {
    if (!Number.isFinite(score)) broken('a score is not finite', { actual: score })
    if (seen.has(chunk.id)) broken('a chunk comes twice', { actual: chunk.id })
    seen.add(chunk.id)
    expectSame(chunk, stored.get(chunk.id), 'a chunk that was found is not the one that was stored')
    const before = ranked[rank - 1]
    if (!before) continue
    if (score > before.score) broken('scores increase', { actual: ranked.map((hit) => hit.score) })
    if (score === before.score && chunk.id < before.chunk.id)
      broken('equal scores do not come in order of chunk id', { actual: ranked.map((hit) => hit.chunk.id) })
  }
}

export function idsOf(ranked: readonly Ranked[]): string[] {
  return ranked.map(({ chunk }) => chunk.id)
}

/** Keys, ids and strings that storage engines and query languages stumble over. */
export const hostileStrings: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  'a.b',
  'a[0]',
  '$where',
  '$.x',
  '',
  ' ',
  'with space',
  "o'brien",
  '"quoted"',
  '`tick`',
  'back\\slash',
  "'; DROP TABLE chunks; --",
  '%',
  '_',
  '*',
  '?',
  ':name',
  '@name',
  '{{x}}',
  '#',
  '/',
  '\n',
  'né',
  'ne\u0301',
  '😀',
  '\u0000',
  'id',
  'chunk',
  'text',
  'vector',
  'metadata',
]
