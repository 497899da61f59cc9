import {
  Bitset,
  compileFilter,
  type Filter,
  type FilterLeaf,
  foldFilter,
  type Metadata,
  type MetadataValue,
} from '@tesserae/core'
import { copy, intersect, union, without } from './bits.js'
import { Column } from './column.js'

/** The metadata of all chunks, column by column, and the chunks a filter accepts as a bitset. */
export class Columns {
  private readonly columns = new Map<string, Column>()

  set(ordinal: number, metadata: Metadata): void {
    for (const [field, value] of Object.entries(metadata)) {
      if (value === undefined) continue
      let column = this.columns.get(field)
      if (column === undefined) {
        column = new Column()
        this.columns.set(field, column)
      }
      column.set(ordinal, value)
    }
  }

  /** Forgets all fields of the ordinal, when what was set is not known any more. */
  drop(ordinal: number): void {
    for (const [field, column] of this.columns) {
      column.clear(ordinal)
      if (column.distinct === 0) this.columns.delete(field)
    }
  }

  /** @param metadata what was set for the ordinal */
  clear(ordinal: number, metadata: Metadata): void {
    for (const field of Object.keys(metadata)) {
      const column = this.columns.get(field)
      column?.clear(ordinal)
      if (column?.distinct === 0) this.columns.delete(field)
    }
  }

  /**
   * The ordinals of `live` whose metadata the filter accepts, in a new set. Each condition is decided by the
   * reference evaluator, or by the same comparison, once per distinct value of its field.
   */
  matching(filter: Filter, live: Bitset): Bitset {
    const capacity = live.words.length * 32
    const matched = foldFilter<Bitset>(filter, {
      leaf: (leaf) => this.matchingLeaf(leaf, capacity),
      and: (parts) => parts.reduce((all, part) => intersect(all, part), copy(live.words)),
      or: (parts) => parts.reduce((any, part) => union(any, part), new Bitset(capacity)),
      not: (part) => without(live, part),
    })
    return intersect(matched, live)
  }

  private matchingLeaf(leaf: FilterLeaf, capacity: number): Bitset {
    const { field } = leaf
    const column = this.columns.get(field) ?? new Column()
    const ordered = ordering(leaf)
    if (ordered !== undefined) return column.match(capacity, ordered)
    const accepts = compileFilter(leaf)
    // One holder for all values: making one for each would cost ten times the test itself.
    const holder: { [field: string]: MetadataValue } = { [field]: null }
    const acceptsValue = (value: MetadataValue | undefined) => {
      if (value === undefined) return accepts({})
      holder[field] = value
      return accepts(holder)
    }
    return column.match(capacity, acceptsValue, onlyDecisive(leaf))
  }
}

/** For (in)equality, the few values that decide; all others are unequal to each of them. */
function onlyDecisive(
  leaf: FilterLeaf,
): { readonly values: readonly MetadataValue[]; readonly otherwise: boolean } | undefined {
  switch (leaf.op) {
    case 'eq':
    case 'ne':
      return { values: [leaf.value], otherwise: leaf.op === 'ne' }
    case 'in':
    case 'notIn':
      return { values: leaf.values, otherwise: leaf.op === 'notIn' }
    default:
      return undefined
  }
}

/** Comparisons meet the fields with the most distinct values, so they look at the value without an object around it. */
function ordering(leaf: FilterLeaf): ((value: MetadataValue | undefined) => boolean) | undefined {
  switch (leaf.op) {
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte': {
      const { op, value: bound } = leaf
      const type = typeof bound
      if (type !== 'number' && type !== 'string') return () => false
      if (op === 'lt') return (value) => typeof value === type && value! < bound
      if (op === 'lte') return (value) => typeof value === type && value! <= bound
      if (op === 'gt') return (value) => typeof value === type && value! > bound
      return (value) => typeof value === type && value! >= bound
    }
    default:
      return undefined
  }
}
