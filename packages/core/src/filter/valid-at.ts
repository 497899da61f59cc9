import { and, eq, exists, gt, lte, not, or } from './build.js'
import type { Filter } from './filter.js'

export interface ValidAtOptions {
  /** Field with the first moment at which a chunk holds. @default 'validFrom' */
  readonly from?: string | undefined
  /** Field with the first moment at which it no longer holds. @default 'validTo' */
  readonly to?: string | undefined
}

/**
 * Chunks that hold at a moment, so that an amendment takes the place of what it amends on its day, and the old text is
 * still found for questions about the time before: `from` ≤ moment < `to`. A side that is missing or null is open.
 *
 * The moment is written as the fields are: ISO 8601 text of one precision and time zone (`2026-03-01`), which sorts as
 * text, or a number. A field of the other type does not hold.
 */
export function validAt(moment: string | number, options: ValidAtOptions = {}): Filter {
  const { from = 'validFrom', to = 'validTo' } = options
  return and(
    or(not(exists(from)), eq(from, null), lte(from, moment)),
    or(not(exists(to)), eq(to, null), gt(to, moment)),
  )
}
