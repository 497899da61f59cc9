export type Scalar = string | number | boolean | null

/**
 * A condition on metadata, as data. Meaning, the same in every store:
 * a missing field equals nothing; `ne` is `not eq` and `notIn` is `not in`, so both hold for a missing field;
 * comparisons across types are false; strings compare by UTF-16 code unit, so ISO dates sort;
 * `and []` is true, `or []` is false. On a list-valued field only `has` and `exists` can be true.
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
