import { Bitset } from '@tesserae/core'
import { type Listed, listRoom } from './graph.js'

/** What a slot is. */
export const free = 0
export const live = 1
/** Was dead when the sweep began: freed when it ends. */
export const leaving = 2
/** Died during the sweep: waits for the next. */
export const dead = 3

/** All that later calls depend on, for a snapshot. */
export interface SlotsState {
  /** By slot: what it is, its top layer, and its ordinal if an entry lives there, otherwise 0. */
  readonly states: Uint8Array
  readonly layers: Uint8Array
  readonly ordinals: Uint32Array
  /** In the order in which they come back. */
  readonly free: Uint32Array
  readonly leaving: Uint32Array
  readonly dead: Uint32Array
  readonly cursor: number
  /** −1 for none. */
  readonly entry: number
  readonly entryLayer: number
}

/** What slots need of the graph: what a sweep does to it, and to read sets. */
export interface SweptGraph {
  repair(slot: number): void
  release(slot: number): void
  setEntry(slot: number, layer: number): void
  members(words: Uint32Array, from: number, end: number): Listed
}

/**
 * Which slot holds which ordinal, and how slots come back. A deleted node stays in the graph as a bridge until a
 * sweep over all nodes has led every link past it; then its slot is free. Each deletion moves the sweep by
 * {@link sweepStep} slots, so no call is slow and at most about a quarter of the nodes are dead.
 */
export class Slots {
  /** Live entries. */
  size = 0
  /** Slots ever used. */
  used = 0
  /** Where the last `pick` stopped. */
  picked = 0
  private readonly graph: SweptGraph
  /** Slot + 1 by ordinal, 0 for none; a multiple of 32 of them. */
  private slots = new Uint32Array(32)
  private ordinals = new Uint32Array(16)
  private states = new Uint8Array(16)
  private layers = new Uint8Array(16)
  private readonly present = new Bitset()
  /** Ordinals of the entries whose slot has the same number: they spare a search the tables, which no cache holds. */
  private readonly same = new Bitset()
  private freeSlots: number[] = []
  private leavingSlots: number[] = []
  private deadSlots: number[] = []
  private cursor = 0
  private entry = -1
  private entryLayer = -1

  constructor(graph: SweptGraph) {
    this.graph = graph
  }

  /** Nodes of the graph that were deleted and are still walked through. */
  get bridges(): number {
    return this.leavingSlots.length + this.deadSlots.length
  }

  get bytes(): number {
    const { slots, ordinals, states, layers, present, same } = this
    const tables = slots.byteLength + ordinals.byteLength + states.byteLength + layers.byteLength
    return tables + present.words.byteLength + same.words.byteLength
  }

  /** −1 for none. */
  slotOf(ordinal: number): number {
    return (this.slots[ordinal] ?? 0) - 1
  }

  /** Of a slot that is live. */
  ordinalOf(slot: number): number {
    return this.same.has(slot) ? slot : this.ordinals[slot]!
  }

  layerOf(slot: number): number {
    return this.layers[slot]!
  }

  /** Entries that are in a set of ordinals. */
  count(ordinals: Bitset): number {
    return this.present.countShared(ordinals)
  }

  /** Whether the last `pick` left something of a set of ordinals. */
  leaves(ordinals: Bitset): boolean {
    return this.picked < this.wordsOf(ordinals)
  }

  /**
   * Writes the slots of the entries in a set of ordinals to `out`, by ascending ordinal, from word `from` of the set on,
   * until fewer than {@link listRoom} places are left. Returns how many; `picked` is where the next call goes on.
   */
  pick(set: Bitset, from: number, out: Uint32Array): number {
    const { graph, slots, same } = this
    const end = this.wordsOf(set)
    let found = 0
    let word = from
    while (word < end && found + listRoom <= out.length) {
      const { ordinals, count, next } = graph.members(set.words, word, end)
      for (let i = 0; i < count; i++) {
        const ordinal = ordinals[i]!
        const slot = same.has(ordinal) ? ordinal : slots[ordinal]! - 1
        out[found] = slot
        // Not every ordinal is that of an entry.
        if (slot >= 0) found++
      }
      word = next
    }
    this.picked = word
    return found
  }

  /** Words of a set in which entries may be. */
  private wordsOf(set: Bitset): number {
    return Math.min(set.words.length, this.slots.length >>> 5)
  }

  isLive(slot: number): boolean {
    return this.states[slot] === live
  }

  /** The slot that the next entry gets: a free one, or `used`. */
  next(): number {
    return this.freeSlots[this.freeSlots.length - 1] ?? this.used
  }

  /** `next()` now holds the ordinal. What held it before is forgotten: bury its slot. */
  take(ordinal: number, layer: number): void {
    const slot = this.occupy(live, layer)
    if (ordinal >= this.slots.length) this.slots = grown(this.slots, ordinal + 1)
    this.slots[ordinal] = slot + 1
    this.ordinals[slot] = ordinal
    this.size++
    this.present.add(ordinal)
    if (slot === ordinal) this.same.add(ordinal)
    else this.same.delete(ordinal)
    if (layer > this.entryLayer) {
      this.entry = slot
      this.entryLayer = layer
    }
  }

  /** `next()` holds a node that was dead from the start. */
  abandon(layer: number): void {
    this.deadSlots.push(this.occupy(dead, layer))
  }

  /** The node in this slot is dead from now on. */
  bury(slot: number): void {
    const ordinal = this.ordinals[slot]!
    // A replaced ordinal has its new slot already.
    if (this.slots[ordinal] === slot + 1) {
      this.slots[ordinal] = 0
      this.present.delete(ordinal)
      this.same.delete(ordinal)
    }
    this.states[slot] = dead
    this.deadSlots.push(slot)
    this.size--
    if (this.size === 0) this.clear()
    else this.sweep(sweepStep)
  }

  /** Sweeps until no dead node is left. */
  finish(): void {
    while (this.bridges > 0) this.sweep(this.used)
  }

  state(): SlotsState {
    const { used } = this
    const states = this.states.slice(0, used)
    const ordinals = this.ordinals.slice(0, used)
    const layers = this.layers.slice(0, used)
    for (let slot = 0; slot < used; slot++) {
      if (states[slot] !== live) ordinals[slot] = 0
      if (states[slot] === free) layers[slot] = 0
    }
    return {
      states,
      layers,
      ordinals,
      free: Uint32Array.from(this.freeSlots),
      leaving: Uint32Array.from(this.leavingSlots),
      dead: Uint32Array.from(this.deadSlots),
      cursor: this.cursor,
      entry: this.entry,
      entryLayer: this.entryLayer,
    }
  }

  /** Takes over what was checked before. Only for one that was never used. */
  restore(state: SlotsState): void {
    const { states, layers, ordinals } = state
    this.used = states.length
    while (this.states.length < this.used) this.growSlots()
    this.states.set(states)
    this.layers.set(layers)
    this.ordinals.set(ordinals)
    for (let slot = 0; slot < this.used; slot++) {
      if (states[slot] !== live) continue
      const ordinal = ordinals[slot]!
      if (ordinal >= this.slots.length) this.slots = grown(this.slots, ordinal + 1)
      this.slots[ordinal] = slot + 1
      this.present.add(ordinal)
      if (slot === ordinal) this.same.add(ordinal)
      this.size++
    }
    this.freeSlots = Array.from(state.free)
    this.leavingSlots = Array.from(state.leaving)
    this.deadSlots = Array.from(state.dead)
    this.cursor = state.cursor
    this.entry = state.entry
    this.entryLayer = state.entryLayer
  }

  private occupy(state: number, layer: number): number {
    const slot = this.next()
    if (slot === this.used) this.used++
    else this.freeSlots.pop()
    if (slot >= this.states.length) this.growSlots()
    this.states[slot] = state
    this.layers[slot] = layer
    return slot
  }

  private sweep(steps: number): void {
    if (this.leavingSlots.length === 0) this.begin()
    const end = Math.min(this.used, this.cursor + steps)
    for (; this.cursor < end; this.cursor++) {
      const state = this.states[this.cursor]
      // A dead node that waits is still walked through: its links must not lead to slots that are reused.
      if (state === live || state === dead) this.graph.repair(this.cursor)
    }
    if (this.cursor >= this.used) this.end()
  }

  private begin(): void {
    this.leavingSlots = this.deadSlots
    this.deadSlots = []
    for (const slot of this.leavingSlots) this.states[slot] = leaving
    this.cursor = 0
  }

  private end(): void {
    for (const slot of this.leavingSlots) {
      this.states[slot] = free
      this.graph.release(slot)
      this.freeSlots.push(slot)
    }
    this.leavingSlots = []
    if (this.states[this.entry] !== free) return
    this.entryLayer = -1
    for (let slot = 0; slot < this.used; slot++) {
      if (this.states[slot] !== live || this.layers[slot]! <= this.entryLayer) continue
      this.entry = slot
      this.entryLayer = this.layers[slot]!
    }
    this.graph.setEntry(this.entry, this.entryLayer)
  }

  private clear(): void {
    for (let slot = 0; slot < this.used; slot++) {
      if (this.states[slot] !== free) this.graph.release(slot)
    }
    this.states.fill(free)
    this.freeSlots = []
    this.leavingSlots = []
    this.deadSlots = []
    this.used = 0
    this.entry = -1
    this.entryLayer = -1
    this.graph.setEntry(-1, 0)
  }

  private growSlots(): void {
    const room = this.states.length * 2
    const [states, layers] = [new Uint8Array(room), new Uint8Array(room)]
    states.set(this.states)
    layers.set(this.layers)
    this.states = states
    this.layers = layers
    this.ordinals = grown(this.ordinals, room)
  }
}

/** Slots that each deletion sweeps over: a sweep ends after one deletion for every eight nodes. */
export const sweepStep = 8

function grown(array: Uint32Array<ArrayBuffer>, needed: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array((Math.max(needed, array.length * 2) + 31) & ~31)
  larger.set(array)
  return larger
}
