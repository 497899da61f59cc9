import type { Metadata } from '../../document.js'
import { isRagError } from '../../errors.js'
import type { Filter } from '../../filter/filter.js'
import { matchesFilter } from '../../filter/matches.js'
import { expectSame } from '../assert.js'
import { randomFilter, randomMetadata } from '../data.js'
import { type Checks, type Law, type LawOptions, makeLaws } from '../law.js'
import { seededRandom } from '../random.js'
import { filterCases } from './filter-cases.js'

/** Whether the metadata passes the filter, as the evaluator or backend under test sees it. */
export type EvaluateFilter = (filter: Filter, metadata: Metadata) => boolean | Promise<boolean>

export interface FilterLawOptions extends LawOptions {
  /** Random filters to compare. @default 500 */
  readonly count?: number | undefined
  /**
   * Whether `unsupported` is an honest answer: such a case is passed over. For backends that cannot express an
   * operator and say so. @default false
   */
  readonly allowUnsupported?: boolean | undefined
}

/** The laws of an evaluator of filters: a table written by hand, the reference evaluator, and the algebra. */
export function filterLaws(evaluate: EvaluateFilter, options: FilterLawOptions = {}): readonly Law[] {
  const seed = options.seed ?? 1
  const count = options.count ?? 500
  const expectAnswer = async (filter: Filter, metadata: Metadata, expected: boolean): Promise<void> => {
    try {
      const answer = await evaluate(filter, metadata)
      expectSame(answer, expected, `${JSON.stringify(filter)} on ${JSON.stringify(metadata)}`)
    } catch (error) {
      if (!(options.allowUnsupported && isRagError(error, 'unsupported'))) throw error
    }
  }
  /** Both filters must give the same answer on the metadata. */
  const expectAgreement = async (filter: Filter, other: Filter, metadata: Metadata): Promise<void> => {
    let answer: boolean
    try {
      answer = await evaluate(filter, metadata)
    } catch (error) {
      if (options.allowUnsupported && isRagError(error, 'unsupported')) return
      throw error
    }
    await expectAnswer(other, metadata, answer)
  }

  const checks: Checks = {
    ...Object.fromEntries(
      filterCases.map(({ law, metadata, cases }) => [
        law,
        async (): Promise<void> => {
          for (const [filter, passes] of cases) await expectAnswer(filter, metadata, passes)
        },
      ]),
    ),
    'random filters mean what the reference evaluator says': async () => {
      const random = seededRandom(seed)
      for (let trial = 0; trial < count; trial += 1) {
        const [filter, metadata] = [randomFilter(random), randomMetadata(random)]
        await expectAnswer(filter, metadata, matchesFilter(filter, metadata))
      }
    },
    'operators agree with each other': async () => {
      const random = seededRandom(seed)
      for (let trial = 0; trial < count; trial += 1) {
        const [a, b, metadata] = [randomFilter(random, 1), randomFilter(random, 1), randomMetadata(random)]
        await expectAgreement({ op: 'not', filter: { op: 'not', filter: a } }, a, metadata)
        await expectAgreement(
          { op: 'not', filter: { op: 'and', filters: [a, b] } },
          {
            op: 'or',
            filters: [
              { op: 'not', filter: a },
              { op: 'not', filter: b },
            ],
          },
          metadata,
        )
        for (const filter of [a, b]) {
          const equal = rewritten(filter)
          if (equal) await expectAgreement(filter, equal, metadata)
        }
      }
    },
  }
  return makeLaws(checks, { ...options, seed })
}

/** The same condition said with other operators, where there is such a way. */
function rewritten(filter: Filter): Filter | undefined {
  switch (filter.op) {
    case 'ne':
      return { op: 'not', filter: { ...filter, op: 'eq' } }
    case 'notIn':
      return { op: 'not', filter: { ...filter, op: 'in' } }
    case 'in':
      return { op: 'or', filters: filter.values.map((value) => ({ op: 'eq', field: filter.field, value })) }
    case 'lte':
      return {
        op: 'or',
        filters: [
          { ...filter, op: 'lt' },
          { op: 'eq', field: filter.field, value: filter.value },
        ],
      }
    case 'gte':
      return {
        op: 'or',
        filters: [
          { ...filter, op: 'gt' },
          { op: 'eq', field: filter.field, value: filter.value },
        ],
      }
    default:
      return undefined
  }
}
