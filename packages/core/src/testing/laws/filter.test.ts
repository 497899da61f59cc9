import { describe, expect, it } from 'vitest'
import { RagError } from '../../errors.js'
import type { Filter } from '../../filter/filter.js'
import { compileFilter, matchesFilter } from '../../filter/matches.js'
import { LawViolation } from '../law.js'
import { type EvaluateFilter, filterLaws } from './filter.js'
import { filterCases } from './filter-cases.js'

describe('filterLaws hold for the reference evaluator', () => {
  for (const law of filterLaws(matchesFilter)) it(law.name, () => law.run())
})

describe('filterLaws hold for compiled filters, asynchronously too', () => {
  for (const law of filterLaws(async (filter, metadata) => compileFilter(filter)(metadata)))
    it(law.name, () => law.run())
})

it('the table has at least eighty cases, of every operator, true and false', () => {
  const cases = filterCases.flatMap((group) => group.cases)
  expect(cases.length).toBeGreaterThanOrEqual(80)
  const told = new Set(cases.map(([filter, passes]) => `${filter.op} ${passes}`))
  for (const op of [
    'eq',
    'ne',
    'lt',
    'lte',
    'gt',
    'gte',
    'in',
    'notIn',
    'startsWith',
    'includes',
    'has',
    'exists',
    'and',
    'or',
    'not',
  ])
    for (const passes of [true, false]) expect(told).toContain(`${op} ${passes}`)
})

/** Evaluates leaves another way and combines them rightly. */
function leaves(
  change: (filter: Filter, metadata: Parameters<EvaluateFilter>[1]) => boolean | undefined,
): EvaluateFilter {
  const evaluate = (filter: Filter, metadata: Parameters<EvaluateFilter>[1]): boolean => {
    if (filter.op === 'and') return filter.filters.every((inner) => evaluate(inner, metadata))
    if (filter.op === 'or') return filter.filters.some((inner) => evaluate(inner, metadata))
    if (filter.op === 'not') return !evaluate(filter.filter, metadata)
    return change(filter, metadata) ?? matchesFilter(filter, metadata)
  }
  return evaluate
}

const [equality, comparison, byCodeUnit, membership, parts, has, exists, logic, names] = filterCases.map(
  ({ law }) => law,
) as [string, string, string, string, string, string, string, string, string]
const random = 'random filters mean what the reference evaluator says'
const algebra = 'operators agree with each other'

const mutants: readonly { readonly law: string; readonly why: string; readonly evaluate: EvaluateFilter }[] =
  [
    {
      law: equality,
      why: 'compares loosely',
      evaluate: leaves((filter, metadata) =>
        filter.op === 'eq' ? String(metadata[filter.field]) === String(filter.value) : undefined,
      ),
    },
    {
      law: equality,
      why: 'takes a missing field for null',
      evaluate: leaves((filter, metadata) =>
        filter.op === 'eq' ? (metadata[filter.field] ?? null) === filter.value : undefined,
      ),
    },
    {
      law: equality,
      why: 'wants the field for ne',
      evaluate: leaves((filter, metadata) =>
        filter.op === 'ne' && !Object.hasOwn(metadata, filter.field) ? false : undefined,
      ),
    },
    {
      law: equality,
      why: 'looks into lists',
      evaluate: leaves((filter, metadata) => {
        const value = filter.op === 'eq' ? metadata[filter.field] : undefined
        return filter.op === 'eq' && Array.isArray(value)
          ? (value as readonly unknown[]).includes(filter.value)
          : undefined
      }),
    },
    {
      law: comparison,
      why: 'compares across types',
      evaluate: leaves((filter, metadata) => {
        const value = 'field' in filter ? metadata[filter.field] : undefined
        return filter.op === 'gt' && value !== undefined && value !== null && !Array.isArray(value)
          ? Number(value) > Number(filter.value)
          : undefined
      }),
    },
    {
      law: comparison,
      why: 'takes lte for lt',
      evaluate: leaves((filter, metadata) =>
        filter.op === 'lte' ? matchesFilter({ ...filter, op: 'lt' }, metadata) : undefined,
      ),
    },
    {
      law: byCodeUnit,
      why: 'compares by locale',
      evaluate: leaves((filter, metadata) => {
        const value = 'field' in filter ? metadata[filter.field] : undefined
        return (filter.op === 'lt' || filter.op === 'gt') &&
          typeof value === 'string' &&
          typeof filter.value === 'string'
          ? filter.op === 'lt'
            ? value.localeCompare(filter.value, 'en') < 0
            : value.localeCompare(filter.value, 'en') > 0
          : undefined
      }),
    },
    {
      law: membership,
      why: 'lets everything through an empty list',
      evaluate: leaves((filter) => (filter.op === 'in' && filter.values.length === 0 ? true : undefined)),
    },
    {
      law: parts,
      why: 'takes % for anything',
      evaluate: leaves((filter, metadata) => {
        const value = 'field' in filter ? metadata[filter.field] : undefined
        return filter.op === 'includes' && typeof value === 'string'
          ? new RegExp(filter.value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('%', '.*')).test(value)
          : undefined
      }),
    },
    {
      law: parts,
      why: 'ignores case',
      evaluate: leaves((filter, metadata) => {
        const value = 'field' in filter ? metadata[filter.field] : undefined
        return filter.op === 'startsWith' && typeof value === 'string'
          ? value.toLowerCase().startsWith(filter.value.toLowerCase())
          : undefined
      }),
    },
    {
      law: has,
      why: 'looks into strings',
      evaluate: leaves((filter, metadata) => {
        const value = 'field' in filter ? metadata[filter.field] : undefined
        return filter.op === 'has' && typeof value === 'string'
          ? value.includes(String(filter.value))
          : undefined
      }),
    },
    {
      law: exists,
      why: 'wants a value that counts',
      evaluate: leaves((filter, metadata) =>
        filter.op === 'exists' ? Boolean(metadata[filter.field]) : undefined,
      ),
    },
    {
      law: logic,
      why: 'lets an empty or through',
      evaluate: (filter, metadata) =>
        (filter.op === 'or' && filter.filters.length === 0) || matchesFilter(filter, metadata),
    },
    {
      law: names,
      why: 'reads inherited properties',
      evaluate: leaves((filter, metadata) =>
        filter.op === 'exists' ? metadata[filter.field] !== undefined : undefined,
      ),
    },
    {
      law: names,
      why: 'walks dotted names',
      evaluate: leaves((filter, metadata) =>
        filter.op === 'eq' && filter.field.includes('.')
          ? metadata[filter.field.split('.')[0]!] === filter.value
          : undefined,
      ),
    },
    {
      law: random,
      why: 'looks at the first filter of three only',
      evaluate: (filter, metadata) =>
        matchesFilter(
          filter.op === 'and' && filter.filters.length > 2
            ? { op: 'and', filters: filter.filters.slice(0, 1) }
            : filter,
          metadata,
        ),
    },
    {
      law: algebra,
      why: 'drops double negation wrongly',
      evaluate: (filter, metadata) =>
        filter.op === 'not' && filter.filter.op === 'not'
          ? !matchesFilter(filter.filter.filter, metadata)
          : matchesFilter(filter, metadata),
    },
    {
      law: algebra,
      why: 'takes not of a comparison for its opposite',
      evaluate: leaves((filter, metadata) =>
        filter.op === 'notIn'
          ? Object.hasOwn(metadata, filter.field) && matchesFilter(filter, metadata)
          : undefined,
      ),
    },
  ]

describe('filterLaws catch', () => {
  for (const { law: name, why, evaluate } of mutants)
    it(`an evaluator that ${why}: ${name}`, async () => {
      const law = filterLaws(evaluate).find((candidate) => candidate.name === name)
      expect(law, `no law "${name}"`).toBeDefined()
      await expect(law?.run()).rejects.toBeInstanceOf(LawViolation)
    })

  it('has a mutant for every law', () => {
    const caught = new Set(mutants.map(({ law }) => law))
    expect(
      filterLaws(matchesFilter)
        .map((law) => law.name)
        .filter((name) => !caught.has(name)),
    ).toEqual([])
  })

  it('an evaluator that says unsupported, unless that is allowed', async () => {
    const evaluate = leaves((filter) => {
      if (filter.op === 'has') throw new RagError('unsupported', 'no lists here')
      return undefined
    })
    const run = (allowUnsupported: boolean): Promise<void> =>
      filterLaws(evaluate, { allowUnsupported })
        .find((law) => law.name === has)!
        .run()
    await expect(run(true)).resolves.toBeUndefined()
    await expect(run(false)).rejects.toThrow('no lists here')
  })
})
