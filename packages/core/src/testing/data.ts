import type { Chunk } from '../chunk.js'
import type { Metadata, MetadataValue } from '../document.js'
import type { Filter, Scalar } from '../filter/filter.js'
import type { Random } from './random.js'
import { normalized } from './vectors.js'

/** Field names of generated metadata; filters are generated over the same names, and over one that never occurs. */
const fields = ['tenant', 'year', 'public', 'tags', 'codes', 'title', 'a.b', 'né'] as const
const strings = [
  '',
  'a',
  'b',
  'ab',
  'abc',
  'A',
  '1',
  '2024-01-31',
  '2024-02-01',
  'é',
  '😀',
  '100%',
  'a_b',
  "o'brien",
  '*',
  'null',
  'true',
]
const numbers = [0, -1, 1, 2, 3.5, 1e21, -1e-7, 2024, Number.MAX_SAFE_INTEGER]

function randomValue(random: Random): MetadataValue {
  switch (random.integer(0, 5)) {
    case 0:
      return random.chance()
    case 1:
      return random.pick(numbers)
    case 2:
      return Array.from({ length: random.integer(0, 3) }, () => random.pick(strings))
    case 3:
      return Array.from({ length: random.integer(0, 3) }, () => random.pick(numbers))
    case 4:
      return random.chance(0.3) ? null : random.pick(strings)
    default:
      return random.pick(strings)
  }
}

/** Metadata of zero to eight fields whose values have any of the allowed types. */
export function randomMetadata(random: Random): Metadata {
  const metadata: { [key: string]: MetadataValue } = {}
  for (const field of fields) if (random.chance(0.6)) metadata[field] = randomValue(random)
  return metadata
}

function randomScalar(random: Random): Scalar {
  const kind = random.integer(0, 3)
  if (kind === 0) return random.pick(numbers)
  if (kind === 1) return random.pick([true, false, null])
  return random.pick(strings)
}

/** A filter over the fields of `randomMetadata`, every operator, at most `depth` levels deep. @param depth default 3 */
export function randomFilter(random: Random, depth = 3): Filter {
  const field = random.chance(0.05) ? 'never' : random.pick(fields)
  switch (random.integer(0, depth > 0 ? 9 : 6)) {
    case 0:
    case 1:
      return { op: random.pick(['eq', 'ne'] as const), field, value: randomScalar(random) }
    case 2:
      return {
        op: random.pick(['lt', 'lte', 'gt', 'gte'] as const),
        field,
        value: random.chance() ? random.pick(strings) : random.pick(numbers),
      }
    case 3:
      return {
        op: random.pick(['in', 'notIn'] as const),
        field,
        values: Array.from({ length: random.integer(0, 4) }, () => randomScalar(random)),
      }
    case 4:
      return { op: random.pick(['startsWith', 'includes'] as const), field, value: random.pick(strings) }
    case 5:
      return { op: 'has', field, value: random.chance() ? random.pick(strings) : random.pick(numbers) }
    case 6:
      return { op: 'exists', field }
    case 7:
      return { op: 'not', filter: randomFilter(random, depth - 1) }
    default:
      return {
        op: random.pick(['and', 'or'] as const),
        filters: Array.from({ length: random.integer(0, 3) }, () => randomFilter(random, depth - 1)),
      }
  }
}

/** A vector of unit length, every direction as likely as any other. */
export function randomUnitVector(random: Random, dimensions: number): Float32Array {
  return normalized(Float32Array.from({ length: dimensions }, () => random.normal()))
}

/** Words of no language: no analyser drops them, and no stemmer makes two of them one. */
export const inventedWords: readonly string[] = [
  'quorva',
  'zemblik',
  'tarnok',
  'fuldex',
  'gribbon',
  'harvok',
  'jintrap',
  'klombar',
  'lurvax',
  'mextor',
  'nolvark',
  'plindor',
  'rastok',
  'skubrin',
  'trevnik',
  'umbrok',
  'vostrik',
  'wexlor',
  'yandrik',
  'zubnok',
]

/** In every generated chunk, so that a query with this word matches all of them. */
export const commonWord = 'mosaiklo'

/**
 * Chunks of a few documents, with ids `chunk-000` …, metadata of `randomMetadata` and texts of invented words
 * that all contain `commonWord`. Offsets fit the texts.
 */
export function randomChunks(random: Random, count: number): Chunk[] {
  const documents = Math.max(1, Math.ceil(count / 7))
  const ends = new Map<string, { end: number; index: number }>()
  return Array.from({ length: count }, (_, position) => {
    const documentId = `document-${random.integer(0, documents - 1)}`
    const text = [
      commonWord,
      ...Array.from({ length: random.integer(1, 9) }, () => random.pick(inventedWords)),
    ].join(' ')
    const last = ends.get(documentId) ?? { end: -2, index: -1 }
    const start = last.end + 2
    const index = last.index + 1
    ends.set(documentId, { end: start + text.length, index })
    return {
      id: `chunk-${String(position).padStart(3, '0')}`,
      documentId,
      index,
      start,
      end: start + text.length,
      text,
      headings: random.chance() ? ['Title', 'Section'] : [],
      ...(random.chance() ? { page: String(random.integer(1, 9)), uri: `file:///${documentId}` } : {}),
      metadata: randomMetadata(random),
    }
  })
}
