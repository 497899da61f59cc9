import { deadMark, type Graph, type GraphOptions, type Inserted, type Listed, listRoom } from './graph.js'
import { Pool } from './twin-pool.js'
import { GraphRows } from './twin-rows.js'

/** Entries that a walk for an insertion expands together. */
const insertionWidth = 4

/**
 * The graph of `assembly/hnsw.ts` in plain TypeScript: same input, same links, same hits. It serves where
 * WebAssembly is missing, and as the oracle of the other.
 */
export class TypescriptGraph implements Graph {
  private readonly connectivity: number
  private readonly construction: number
  private readonly rows: GraphRows
  private readonly linkByFloats: boolean
  private room = 0
  /** Links on layer 0, 2 M places per slot. */
  private links0 = new Uint32Array(0)
  private counts0 = new Uint16Array(0)
  /** By slot, for each layer from 1 on: number of links, then M places. */
  private readonly upper: (Uint32Array | undefined)[] = []
  private layers = new Uint8Array(0)
  private alive = new Uint8Array(0)
  private visited = new Uint16Array(0)
  private epoch = 0
  private entry = -1
  private topLayer = 0
  private readonly pool = new Pool()
  private readonly back = new Pool()
  private readonly expanding = new Uint32Array(insertionWidth)
  private readonly chosen: Uint32Array
  private readonly chosenBack: Uint32Array
  private readonly scores = new Float32Array(listRoom)
  private readonly listed = new Uint32Array(listRoom)

  constructor(options: GraphOptions) {
    this.connectivity = options.connectivity
    this.construction = options.efConstruction
    this.rows = new GraphRows(options.euclidean, options.dimensions, options.quantization)
    this.linkByFloats = options.quantization === 'binary'
    this.chosen = new Uint32Array(options.connectivity * 2)
    this.chosenBack = new Uint32Array(options.connectivity * 2)
    this.pool.reserve(options.efConstruction)
    this.back.reserve(options.connectivity * 2 + 1)
  }

  get query() {
    return this.rows.query
  }

  get bytes(): number {
    let upper = 0
    for (const lists of this.upper) upper += lists?.byteLength ?? 0
    return this.rows.bytes + this.links0.byteLength + upper + this.room * 6
  }

  reserve(slots: number): boolean {
    if (slots <= this.room) return true
    const room = Math.max(slots, this.room * 2, 16)
    try {
      const links0 = new Uint32Array(room * this.connectivity * 2)
      this.rows.reserve(room)
      links0.set(this.links0)
      this.links0 = links0
    } catch (error) {
      if (error instanceof RangeError) return false
      throw error
    }
    const [counts0, layers, alive] = [new Uint16Array(room), new Uint8Array(room), new Uint8Array(room)]
    counts0.set(this.counts0)
    layers.set(this.layers)
    alive.set(this.alive)
    this.counts0 = counts0
    this.layers = layers
    this.alive = alive
    this.visited = new Uint16Array(room)
    this.epoch = 0
    this.room = room
    return true
  }

  place(slot: number, layers: number): boolean {
    this.upper[slot] = layers > 0 ? new Uint32Array(layers * (this.connectivity + 1)) : undefined
    this.counts0[slot] = 0
    this.layers[slot] = layers
    this.alive[slot] = 1
    this.rows.write(slot)
    return true
  }

  setLinks(slot: number, layer: number, links: Uint32Array): void {
    this.write(slot, layer, links, links.length)
  }

  vector(slot: number): Float32Array {
    return this.rows.vector(slot)
  }

  insert(slot: number, layers: number): Inserted {
    this.place(slot, layers)
    if (this.entry < 0) {
      this.setEntry(slot, layers)
      return 'linked'
    }
    this.descend(slot, layers)
    for (let layer = Math.min(layers, this.topLayer); layer >= 0; layer--) {
      this.walk(slot, this.construction, layer, insertionWidth)
      const nearest = this.pool.slots[0]!
      const score = this.pool.scores[0]!
      if (this.linkByFloats) this.rankByLinks(slot)
      const count = this.select(this.pool, this.connectivity, this.chosen)
      // The next walk goes on by the scores of walks.
      this.pool.slots[0] = nearest
      this.pool.scores[0] = score
      if (count === 0 && layer === 0) {
        this.kill(slot)
        return 'alone'
      }
      this.write(slot, layer, this.chosen, count)
      for (let i = 0; i < count; i++) this.linkBack(this.chosen[i]!, slot, layer)
    }
    if (layers > this.topLayer) this.setEntry(slot, layers)
    return 'linked'
  }

  kill(slot: number): void {
    this.alive[slot] = 0
  }

  release(slot: number): void {
    this.upper[slot] = undefined
    this.layers[slot] = 0
  }

  setEntry(slot: number, layer: number): void {
    this.entry = slot
    this.topLayer = layer
  }

  repair(slot: number): void {
    for (let layer = this.layers[slot]!; layer >= 0; layer--) {
      const [array, start, count] = this.list(slot, layer)
      let dead = 0
      for (let i = start; i < start + count; i++) if (this.alive[array[i]!] === 0) dead++
      if (dead === 0) continue
      this.newVisit()
      this.visited[slot] = this.epoch
      this.pool.size = 0
      this.offerLive(slot, slot, layer)
      for (let i = start; i < start + count; i++) {
        if (this.alive[array[i]!] === 0) this.offerLive(slot, array[i]!, layer)
      }
      const kept = this.select(this.pool, this.most(layer), this.chosen)
      this.write(slot, layer, this.chosen, kept)
      if (this.alive[slot] === 0) continue
      for (let i = 0; i < kept; i++) {
        const [links, first, size] = this.list(this.chosen[i]!, layer)
        const place = links.indexOf(slot, first)
        if (place < 0 || place >= first + size) this.linkBack(this.chosen[i]!, slot, layer)
      }
    }
  }

  search(ef: number): Uint32Array {
    if (this.entry < 0) return new Uint32Array(0)
    this.pool.reserve(ef)
    this.descend(-1, 0)
    this.walk(-1, ef, 0, 1)
    const hits = this.pool.slots.slice(0, this.pool.size)
    for (let i = 0; i < hits.length; i++) if (this.alive[hits[i]!] === 0) hits[i] = hits[i]! | deadMark
    return hits
  }

  score(slots: Uint32Array): Float32Array {
    for (let i = 0; i < slots.length; i++) this.scores[i] = this.rows.exact(slots[i]!)
    return this.scores
  }

  members(words: Uint32Array, from: number, end: number): Listed {
    const ordinals = this.listed
    let count = 0
    let next = from
    for (; next < end && count <= listRoom - 32; next++) {
      for (let bits = words[next]!; bits !== 0; bits &= bits - 1)
        ordinals[count++] = next * 32 + 31 - Math.clz32(bits & -bits)
    }
    return { ordinals, count, next }
  }

  linkCount(slot: number, layer: number): number {
    return this.list(slot, layer)[2]
  }

  links(slot: number, layer: number): Uint32Array {
    const [array, start, count] = this.list(slot, layer)
    return array.slice(start, start + count)
  }

  /** Plain arrays stay where they are. */
  share(): undefined {
    return undefined
  }

  /** Where the links of a slot begin, and how many there are. */
  private list(slot: number, layer: number): [array: Uint32Array, start: number, count: number] {
    if (layer === 0) return [this.links0, slot * this.connectivity * 2, this.counts0[slot]!]
    const lists = this.upper[slot]!
    const start = (layer - 1) * (this.connectivity + 1)
    return [lists, start + 1, lists[start]!]
  }

  private setCount(slot: number, layer: number, count: number): void {
    if (layer === 0) this.counts0[slot] = count
    else this.upper[slot]![(layer - 1) * (this.connectivity + 1)] = count
  }

  private most(layer: number): number {
    return layer === 0 ? this.connectivity * 2 : this.connectivity
  }

  private newVisit(): void {
    this.epoch++
    if (this.epoch < 65_536) return
    this.visited.fill(0)
    this.epoch = 1
  }

  /** Algorithm 2: always the best `width` entries that were not expanded yet are expanded. `from` −1 is the query. */
  private walk(from: number, ef: number, layer: number, width: number): void {
    const { pool, rows, visited, expanding } = this
    pool.size = 1
    pool.expanded[0] = 0
    this.newVisit()
    const { epoch } = this
    visited[pool.slots[0]!] = epoch
    let next = 0
    while (next < pool.size) {
      let count = 0
      for (; count < width && next < pool.size; next++) {
        if (pool.expanded[next] === 1) continue
        pool.expanded[next] = 1
        expanding[count++] = pool.slots[next]!
      }
      for (let e = 0; e < count; e++) {
        const [array, start, links] = this.list(expanding[e]!, layer)
        for (let i = start; i < start + links; i++) {
          const slot = array[i]!
          if (visited[slot] === epoch) continue
          visited[slot] = epoch
          const place = pool.offer(rows.score(from, slot), slot, ef)
          if (place < next) next = place
        }
      }
    }
  }

  private descend(from: number, layer: number): void {
    this.pool.size = 0
    this.pool.offer(this.rows.score(from, this.entry), this.entry, 1)
    for (let above = this.topLayer; above > layer; above--) this.walk(from, 1, above, 1)
  }

  /** Scores the pool anew by what links are chosen by. */
  private rankByLinks(from: number): void {
    const { pool } = this
    const slots = pool.slots.slice(0, pool.size)
    pool.size = 0
    for (const slot of slots) pool.offer(this.rows.linkScore(from, slot), slot, slots.length)
  }

  /** Algorithm 4: candidates that are nearer to the base than to any candidate kept before. */
  private select(candidates: Pool, most: number, kept: Uint32Array): number {
    const { rows, alive } = this
    let size = 0
    for (let i = 0; i < candidates.size && size < most; i++) {
      const slot = candidates.slots[i]!
      if (alive[slot] === 0) continue
      const score = candidates.scores[i]!
      let diverse = true
      for (let j = 0; j < size && diverse; j++) diverse = rows.linkScore(slot, kept[j]!) <= score
      if (diverse) kept[size++] = slot
    }
    return size
  }

  private write(slot: number, layer: number, slots: Uint32Array, count: number): void {
    const [array, start] = this.list(slot, layer)
    for (let i = 0; i < count; i++) array[start + i] = slots[i]!
    this.setCount(slot, layer, count)
  }

  /** Links `from` to `to`; a full list is selected anew. */
  private linkBack(from: number, to: number, layer: number): void {
    const [array, start, count] = this.list(from, layer)
    const most = this.most(layer)
    if (count < most) {
      array[start + count] = to
      this.setCount(from, layer, count + 1)
      return
    }
    const { back, rows } = this
    back.size = 0
    for (let i = start; i < start + count; i++)
      back.offer(rows.linkScore(from, array[i]!), array[i]!, count + 1)
    back.offer(rows.linkScore(from, to), to, count + 1)
    this.write(from, layer, this.chosenBack, this.select(back, most, this.chosenBack))
  }

  /** Puts the living links of `of` that were not seen yet into the pool, scored from `from`. */
  private offerLive(from: number, of: number, layer: number): void {
    const [array, start, count] = this.list(of, layer)
    for (let i = start; i < start + count; i++) {
      const slot = array[i]!
      if (this.alive[slot] === 0 || this.visited[slot] === this.epoch) continue
      this.visited[slot] = this.epoch
      this.pool.offer(this.rows.linkScore(from, slot), slot, this.construction)
    }
  }
}
