export type Scalar = string | number | boolean | null

/**
 * A condition on metadata, as data. Meaning, the same in every store:
 *
 * - A field is an own property that is not undefined; `exists` is true for one that holds null or `[]`.
 * - A missing field equals nothing; `ne` is `not eq` and `notIn` is `not in`, so both hold for a missing field.
 * - Equality is strict: `'35'` is not 35, case counts, NaN equals nothing (not even NaN).
 * - Comparisons across types are false; strings compare by UTF-16 code unit, so ISO dates sort.
 * - On a list-valued field only `has`, `exists` and the negations `ne` and `notIn` can be true.
 * - `and []` is true, `or []` is false; `in []` is false, `notIn []` is true.
 * - A clause whose placeholder was never filled in matches nothing, and neither does its negation.
 */
export type Filter =
  | { readonly op: 'eq' | 'ne'; readonly field: string; readonly value: Scalar }
  | { readonly op: 'lt' | 'lte' | 'gt' | 'gte'; readonly field: string; readonly value: string | number }
  | { readonly op: 'in' | 'notIn'; readonly field: string; readonly values: readonly Scalar[] }
  | { readonly op: 'startsWith' | 'includes'; readonly field: string; readonly value: string }
  | { readonly op: 'has'; readonly field: string; readonly value: string | number }
  | { readonly op: 'exists'; readonly field: string }
  | { readonly op: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly op: 'not'; readonly filter: Filter }
