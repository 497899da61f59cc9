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
   * reference evaluator itself, once per distinct value of its field, so the answer cannot differ from it.
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
    const accepts = compileFilter(leaf)
    const acceptsValue = (value: MetadataValue | undefined) =>
      accepts(value === undefined ? {} : { [field]: value })
    const column = this.columns.get(field) ?? new Column()
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
