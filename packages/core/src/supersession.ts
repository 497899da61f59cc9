import { invalid } from './check.js'
import type { Metadata, MetadataValue } from './document.js'

export interface SupersessionOptions {
  /** Metadata field with the id, or ids, of what an item takes the place of. @default 'supersedes' */
  readonly supersedes?: string | undefined
  /** Field with the first moment at which an item holds, as for `validAt`. @default 'validFrom' */
  readonly from?: string | undefined
  /** Field that is filled in: the first moment at which an item no longer holds. @default 'validTo' */
  readonly to?: string | undefined
}

/**
 * Why what an item says about another was not followed. `missing`: the other one is not among the items. `cycle`: they
 * supersede each other. `undated`: the newer one does not say from when it holds, or not in the way of the older one.
 * `earlier`: it holds from before the older one does.
 */
export interface SupersessionProblem {
  readonly id: string
  readonly supersedes: string
  readonly reason: 'missing' | 'cycle' | 'undated' | 'earlier'
}

export interface Supersession<T> {
  /** The items in their order; those superseded have the field that says until when they hold, others are as they were. */
  readonly items: readonly T[]
  /** By the id of a superseded item, what took its place, the earliest first. */
  readonly supersededBy: ReadonlyMap<string, readonly string[]>
  /** What nobody should find out by a wrong answer. */
  readonly problems: readonly SupersessionProblem[]
}

/** A document, a chunk, or anything with an id and metadata. */
interface Item {
  readonly id: string
  readonly metadata: Metadata
}

/**
 * Writes into older versions until when they hold, from what newer ones say they supersede: the day from which the first
 * of these holds, unless an earlier end is there already. With `validAt` a search then finds what held at a moment. It
 * is for the documents before they are ingested, all versions together; nothing is dropped, and what cannot be followed
 * is listed.
 */
export function applySupersession<T extends Item>(
  items: readonly T[],
  options: SupersessionOptions = {},
): Supersession<T> {
  const { supersedes = 'supersedes', from = 'validFrom', to = 'validTo' } = options
  for (const [name, field] of Object.entries({ supersedes, from, to }))
    if (typeof field !== 'string' || field === '') invalid(name, 'the name of a metadata field', field)
  const known = new Map(items.map((item) => [item.id, item]))
  const olderOf = new Map(
    items.map((item) => [item.id, idsIn(item.metadata[supersedes]).flatMap((id) => known.get(id) ?? [])]),
  )
  const problems: SupersessionProblem[] = []
  const newer = new Map<string, { readonly id: string; readonly moment: string | number }[]>()
  for (const item of items) {
    for (const id of new Set(idsIn(item.metadata[supersedes]))) {
      const older = known.get(id)
      const reason =
        older === undefined
          ? 'missing'
          : reaches(older, item.id, (one) => olderOf.get(one.id) ?? [])
            ? 'cycle'
            : agreement(item.metadata[from], older.metadata[from])
      if (reason !== undefined) {
        problems.push({ id: item.id, supersedes: id, reason })
        continue
      }
      const moment = item.metadata[from]
      if (!isMoment(moment)) continue
      newer.set(id, [...(newer.get(id) ?? []), { id: item.id, moment }])
    }
  }
  const supersededBy = new Map<string, readonly string[]>()
  const dated = items.map((item): T => {
    const after = newer.get(item.id)?.sort((a, b) => order(a.moment, b.moment) || (a.id < b.id ? -1 : 1))
    if (after === undefined) return item
    supersededBy.set(
      item.id,
      after.map(({ id }) => id),
    )
    const { moment } = after[0]!
    const end = item.metadata[to]
    if (isMoment(end) && typeof end === typeof moment && end <= moment) return item
    return { ...item, metadata: { ...item.metadata, [to]: moment } }
  })
  return { items: dated, supersededBy, problems }
}

function idsIn(value: MetadataValue | undefined): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.filter((one): one is string => typeof one === 'string')
}

function isMoment(value: MetadataValue | undefined): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function order(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Why the newer item's moment says nothing about the end of the older one. */
function agreement(
  newer: MetadataValue | undefined,
  older: MetadataValue | undefined,
): 'undated' | 'earlier' | undefined {
  if (!isMoment(newer)) return 'undated'
  if (!isMoment(older)) return undefined
  if (typeof newer !== typeof older) return 'undated'
  return newer < older ? 'earlier' : undefined
}

/** Whether one comes to another by going on to older ones. */
function reaches(start: Item, id: string, next: (item: Item) => readonly Item[]): boolean {
  const seen = new Set<string>()
  const open = [start]
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    if (item.id === id) return true
    if (seen.has(item.id)) continue
    seen.add(item.id)
    open.push(...next(item))
  }
  return false
}
