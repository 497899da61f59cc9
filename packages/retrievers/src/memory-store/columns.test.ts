import { Bitset, type Filter, type Metadata, type MetadataValue, matchesFilter } from '@tesserae/core'
import { randomFilter, randomMetadata, seededRandom } from '@tesserae/core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Columns } from './columns.js'

const matching = (columns: Columns, filter: Filter, live: Bitset, count: number) => {
  const found = columns.matching(filter, live)
  return Array.from({ length: count }, (_, i) => i).filter((i) => found.has(i))
}

/** Applies writes and checks each filter against the reference evaluator, chunk by chunk. */
function agrees(rows: readonly (Metadata | undefined)[], filters: readonly Filter[]): void {
  const columns = new Columns()
  const live = new Bitset()
  for (const [ordinal, metadata] of rows.entries()) {
    if (metadata === undefined) continue
    columns.set(ordinal, metadata)
    live.add(ordinal)
  }
  for (const filter of filters) {
    const expected = rows.flatMap((metadata, ordinal) =>
      metadata !== undefined && matchesFilter(filter, metadata) ? [ordinal] : [],
    )
    expect(matching(columns, filter, live, rows.length + 70)).toEqual(expected)
  }
}

const odd: readonly MetadataValue[] = [
  0,
  -0,
  Number.NaN,
  '',
  '0',
  true,
  false,
  null,
  1,
  '1',
  'NaN',
  ['1'],
  [1],
  [],
  [Number.NaN],
  ['NaN'],
  ['a,b'],
  ['a', 'b'],
]
const fields = ['a', 'b', '__proto__', 'constructor']
const scalar = fc.constantFrom(...odd.filter((value) => !Array.isArray(value))) as fc.Arbitrary<
  string | number | boolean | null
>
const bound = fc.constantFrom<string | number>(0, 1, Number.NaN, '', '1', 'a')
const { filter } = fc.letrec<{ filter: Filter; leaf: Filter }>((tie) => ({
  leaf: fc.oneof(
    fc.record({
      op: fc.constantFrom('eq' as const, 'ne' as const),
      field: fc.constantFrom(...fields),
      value: scalar,
    }),
    fc.record({
      op: fc.constantFrom('in' as const, 'notIn' as const),
      field: fc.constantFrom(...fields),
      values: fc.array(scalar, { maxLength: 4 }),
    }),
    fc.record({
      op: fc.constantFrom('lt' as const, 'lte' as const, 'gt' as const, 'gte' as const, 'has' as const),
      field: fc.constantFrom(...fields),
      value: bound,
    }),
    fc.record({
      op: fc.constantFrom('startsWith' as const, 'includes' as const),
      field: fc.constantFrom(...fields),
      value: fc.constantFrom('', 'a', '1'),
    }),
    fc.record({ op: fc.constant('exists' as const), field: fc.constantFrom(...fields) }),
  ),
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.record({
      op: fc.constantFrom('and' as const, 'or' as const),
      filters: fc.array(tie('filter'), { maxLength: 3 }),
    }),
    fc.record({ op: fc.constant('not' as const), filter: tie('filter') }),
  ),
}))
const metadata = fc
  .array(fc.tuple(fc.constantFrom(...fields), fc.constantFrom(...odd)), { maxLength: 4 })
  .map((pairs): Metadata => Object.fromEntries(pairs))

describe('Columns', () => {
  it('agrees with the reference evaluator on odd values, types and field names', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(metadata, { nil: undefined }), { maxLength: 70 }),
        fc.array(filter, { minLength: 1, maxLength: 5 }),
        agrees,
      ),
      { numRuns: 500 },
    )
  })

  it('agrees with it on the filters and metadata of the laws', () => {
    const random = seededRandom(7)
    for (let round = 0; round < 50; round++) {
      agrees(
        Array.from({ length: 40 }, () => randomMetadata(random)),
        Array.from({ length: 20 }, () => randomFilter(random)),
      )
    }
  })

  it('agrees with it after chunks were replaced and deleted and ordinals given out again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(40), fc.option(metadata, { nil: undefined })), { maxLength: 120 }),
        filter,
        (writes, filter) => {
          const columns = new Columns()
          const live = new Bitset()
          const rows = new Map<number, Metadata>()
          for (const [ordinal, next] of writes) {
            const before = rows.get(ordinal)
            if (before !== undefined) columns.clear(ordinal, before)
            rows.delete(ordinal)
            live.delete(ordinal)
            if (next === undefined) continue
            columns.set(ordinal, next)
            rows.set(ordinal, next)
            live.add(ordinal)
          }
          const expected = [...rows]
            .filter(([, row]) => matchesFilter(filter, row))
            .map(([ordinal]) => ordinal)
          expect(matching(columns, filter, live, 41)).toEqual(expected.sort((a, b) => a - b))
        },
      ),
      { numRuns: 500 },
    )
  })
})
