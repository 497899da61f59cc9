import type { Bitset } from '@tesserae/core'
import {
  corrupt,
  ordinalEnd,
  requireFinite,
  type Section,
  type SnapshotReader,
  wholeSection,
} from '../snapshot/index.js'
import type { Graph } from './graph.js'
import { highestLayer } from './levels.js'
import { dead, free, leaving, live, type SlotsState } from './slots.js'

/** Slots whose vectors or links are read at once. */
const batchSlots = 256
/** Links gathered before they are handed on. */
const batchLinks = 2 ** 14
const mostSlots = 2 ** 31 - 1

/** What one graph is besides its settings. */
export interface GraphState {
  readonly slots: SlotsState
  /** Entries ever inserted. */
  readonly inserted: number
}

/**
 * The sections of one graph: counters, tables by slot, then for every slot that is not free its floats and its lists of
 * links, from layer 0 up. Codes are made again from the floats. Nothing says how the graph lies in memory.
 */
export function graphSections(
  prefix: string,
  graph: Graph,
  { slots, inserted }: GraphState,
  dimensions: number,
): Section[] {
  const { states, layers, ordinals } = slots
  const counters = Uint32Array.of(
    states.length,
    slots.cursor,
    slots.entry + 1,
    slots.entryLayer + 1,
    inserted % 2 ** 32,
    Math.floor(inserted / 2 ** 32),
  )
  const counts: number[] = []
  let linkTotal = 0
  let rows = 0
  for (let slot = 0; slot < states.length; slot++) {
    if (states[slot] === free) continue
    rows++
    for (let layer = 0; layer <= layers[slot]!; layer++) {
      const count = graph.linkCount(slot, layer)
      counts.push(count)
      linkTotal += count
    }
  }
  const whole = (name: string, array: Uint8Array | Uint16Array | Uint32Array) =>
    wholeSection(prefix + name, array)
  return [
    whole('counters', counters),
    whole('states', states),
    whole('layers', layers),
    whole('ordinals', ordinals),
    whole('free', slots.free),
    whole('leaving', slots.leaving),
    whole('dead', slots.dead),
    {
      name: `${prefix}floats`,
      type: 'f32',
      length: rows * dimensions,
      *parts() {
        for (let slot = 0; slot < states.length; slot++) {
          if (states[slot] !== free) yield graph.vector(slot).subarray(0, dimensions)
        }
      },
    },
    whole('counts', Uint16Array.from(counts)),
    { name: `${prefix}links`, type: 'u32', length: linkTotal, parts: () => allLinks(graph, slots) },
  ]
}

function* allLinks(graph: Graph, { states, layers }: SlotsState): Generator<Uint32Array> {
  const batch = new Uint32Array(batchLinks)
  let end = 0
  for (let slot = 0; slot < states.length; slot++) {
    if (states[slot] === free) continue
    for (let layer = 0; layer <= layers[slot]!; layer++) {
      const links = graph.links(slot, layer)
      if (end + links.length > batchLinks) {
        yield batch.subarray(0, end)
        end = 0
      }
      batch.set(links, end)
      end += links.length
    }
  }
  yield batch.subarray(0, end)
}

export interface GraphTarget {
  readonly graph: Graph
  readonly dimensions: number
  readonly connectivity: number
  /** Makes codes of the floats in the graph's query. */
  encode(): void
  /** Ordinals that other graphs of the same index hold; those of this one are added. */
  readonly taken: Bitset
}

/**
 * Fills a new graph with what {@link graphSections} wrote, and returns the rest. All that a walk or a repair relies on
 * is checked, whatever the checksums say: nothing leads out of the graph, to a free slot or to a layer that is not there.
 */
export function readGraph(reader: SnapshotReader, prefix: string, target: GraphTarget): GraphState {
  const { slots, inserted } = readTables(reader, prefix, target.taken)
  const { states, layers } = slots
  readVectors(reader, prefix, target, slots)
  const counts = reader.section(`${prefix}counts`, 'u16').halves()
  let lists = 0
  let linkTotal = 0
  for (let slot = 0; slot < states.length; slot++) {
    if (states[slot] === free) continue
    for (let layer = 0; layer <= layers[slot]!; layer++) {
      const count = counts[lists++] ?? 0
      if (count > target.connectivity * (layer === 0 ? 2 : 1)) corrupt('a node has too many links')
      linkTotal += count
    }
  }
  if (lists !== counts.length) corrupt('it has lists of links for other nodes')
  readLinks(reader, prefix, target, slots, counts, linkTotal)
  for (let slot = 0; slot < states.length; slot++) {
    if (states[slot] === leaving || states[slot] === dead) target.graph.kill(slot)
  }
  target.graph.setEntry(slots.entry, Math.max(slots.entryLayer, 0))
  return { slots, inserted }
}

function readTables(reader: SnapshotReader, prefix: string, taken: Bitset): GraphState {
  const counters = reader.section(`${prefix}counters`, 'u32').words()
  const [used, cursor, entry, entryLayer, low, high] = counters
  if (used === undefined || cursor === undefined || entry === undefined || entryLayer === undefined) {
    corrupt('it lacks counters')
  }
  if (low === undefined || high === undefined || high >= 2 ** 21 || counters.length !== 6) {
    corrupt('its counters are not possible')
  }
  const state: SlotsState = {
    states: reader.section(`${prefix}states`, 'u8').bytes(),
    layers: reader.section(`${prefix}layers`, 'u8').bytes(),
    ordinals: reader.section(`${prefix}ordinals`, 'u32').words(),
    free: reader.section(`${prefix}free`, 'u32').words(),
    leaving: reader.section(`${prefix}leaving`, 'u32').words(),
    dead: reader.section(`${prefix}dead`, 'u32').words(),
    cursor,
    entry: entry - 1,
    entryLayer: entryLayer - 1,
  }
  checkTables(state, used, taken)
  return { slots: state, inserted: low + high * 2 ** 32 }
}

function checkTables(slots: SlotsState, used: number, taken: Bitset): void {
  const { states, layers, ordinals } = slots
  if (used > mostSlots || states.length !== used || layers.length !== used || ordinals.length !== used) {
    corrupt('its tables are not of one length')
  }
  for (let slot = 0; slot < used; slot++) {
    const state = states[slot]!
    if (state > dead || layers[slot]! > highestLayer || (state === free && layers[slot] !== 0)) {
      corrupt('a node is in no possible state')
    }
    const ordinal = ordinals[slot]!
    if (state !== live) {
      if (ordinal !== 0) corrupt('a deleted node has an ordinal')
    } else if (ordinal >= ordinalEnd || taken.has(ordinal)) corrupt('an ordinal comes twice or is too large')
    else taken.add(ordinal)
  }
  const listed = new Uint8Array(used)
  for (const [list, state] of [
    [slots.free, free],
    [slots.leaving, leaving],
    [slots.dead, dead],
  ] as const) {
    for (const slot of list) {
      if (slot >= used || states[slot] !== state || listed[slot] === 1) corrupt('a list of nodes is wrong')
      listed[slot] = 1
    }
  }
  let alive = 0
  for (let slot = 0; slot < used; slot++) {
    if (states[slot] === live) alive++
    else if (listed[slot] === 0) corrupt('a node that is not alive is in no list')
  }
  const { entry, entryLayer } = slots
  const empty = entry === -1 && entryLayer === -1 && used === 0
  const entered = entry >= 0 && entry < used && states[entry] !== free && layers[entry] === entryLayer
  if (!empty && (!entered || alive === 0)) corrupt('its entry is not possible')
}

function readVectors(
  reader: SnapshotReader,
  prefix: string,
  { graph, dimensions, encode }: GraphTarget,
  { states, layers }: SlotsState,
): void {
  const section = reader.section(`${prefix}floats`, 'f32')
  const rows = new Float32Array(batchSlots * dimensions)
  for (let first = 0; first < states.length; first += batchSlots) {
    const end = Math.min(first + batchSlots, states.length)
    let count = 0
    for (let slot = first; slot < end; slot++) if (states[slot] !== free) count++
    const batch = rows.subarray(0, count * dimensions)
    section.fill(batch)
    requireFinite(batch)
    if (!graph.reserve(end)) throw new RangeError('the memory of the graph is full')
    let row = 0
    for (let slot = first; slot < end; slot++) {
      if (states[slot] === free) continue
      graph.query.floats.set(batch.subarray(row, row + dimensions))
      encode()
      if (!graph.place(slot, layers[slot]!)) throw new RangeError('the memory of the graph is full')
      row += dimensions
    }
  }
}

function readLinks(
  reader: SnapshotReader,
  prefix: string,
  { graph }: GraphTarget,
  slots: SlotsState,
  counts: Uint16Array,
  linkTotal: number,
): void {
  const { states, layers, cursor } = slots
  const section = reader.section(`${prefix}links`, 'u32')
  if (section.length !== linkTotal) corrupt('it has more or fewer links than its nodes')
  const sweeping = slots.leaving.length > 0
  let batch = new Uint32Array(0)
  let list = 0
  for (let slot = 0; slot < states.length; slot++) {
    const state = states[slot]!
    if (state === free) continue
    // A sweep has led the links of these past those that it will free.
    const swept = sweeping && slot < cursor && state !== leaving
    for (let layer = 0; layer <= layers[slot]!; layer++) {
      const count = counts[list++]!
      if (batch.length < count) batch = new Uint32Array(count * 2)
      const links = batch.subarray(0, count)
      section.fill(links)
      for (let i = 0; i < count; i++) {
        const other = links[i]!
        const kind = other < states.length && other !== slot ? states[other]! : free
        if (kind === free || layers[other]! < layer) corrupt('a link leads to no node of its layer')
        if (swept && kind === leaving) corrupt('a link leads to a node that is about to leave')
      }
      graph.setLinks(slot, layer, links)
    }
  }
}
