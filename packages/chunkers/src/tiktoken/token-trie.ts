import type { Vocabulary } from './vocabulary.js'

const ROOT = 0

/** Finds the longest token at a place, and the tokens it begins with. Nodes are numbered in order of their making. */
export class TokenTrie {
  /** Two integers an edge: node << 8 | byte, and the node it leads to (0 when free); open addressing. */
  #edges = new Int32Array(1 << 19)
  #edgeMask = (1 << 18) - 1
  #nodes = 1
  #parents: Int32Array
  /** Nodes of one byte, and of two bytes (0 for none): saves two of three or four probes. */
  readonly #singles = new Int32Array(256)
  readonly #pairs = new Int32Array(1 << 16)
  /** Node of each token. */
  readonly #tokenNodes: Int32Array
  /** Longest admitted token at or above each node. */
  #longest = new Int32Array(0)
  /** Longest admitted token that is a proper prefix, by token; -1 for none. */
  readonly prefixes: Int32Array

  constructor({ bytes, offsets, size }: Vocabulary) {
    this.#parents = new Int32Array(size * 4)
    this.#tokenNodes = new Int32Array(size).fill(-1)
    this.prefixes = new Int32Array(size)
    for (let token = 0; token < size; token++) {
      const end = offsets[token + 1]!
      let node = ROOT
      for (let at = offsets[token]!; at < end; at++) node = this.#child(node, bytes[at]!, true)
      if (node !== ROOT) this.#tokenNodes[token] = node
    }
    for (let first = 0; first < 256; first++) {
      const node = this.#child(ROOT, first, false)
      this.#singles[first] = node
      for (let second = 0; second < 256; second++) {
        this.#pairs[(first << 8) | second] = this.#child(node, second, false)
      }
    }
    this.admit(new Uint8Array(size).fill(1))
  }

  /** Limits `longestAt` and `prefixes` to tokens with a mark. The single bytes must have one. */
  admit(isAdmitted: Uint8Array): void {
    const longest = new Int32Array(this.#nodes).fill(-1)
    for (let token = 0; token < isAdmitted.length; token++) {
      const node = this.#tokenNodes[token]!
      if (isAdmitted[token] === 1 && node >= 0) longest[node] = token
    }
    // Parents are made before their children.
    for (let node = 1; node < longest.length; node++) {
      if (longest[node] === -1) longest[node] = longest[this.#parents[node]!]!
    }
    for (let token = 0; token < isAdmitted.length; token++) {
      const node = this.#tokenNodes[token]!
      this.prefixes[token] = node < 0 ? -1 : longest[this.#parents[node]!]!
    }
    this.#longest = longest
  }

  /** Longest admitted token that bytes[at, end) begin with. */
  longestAt(bytes: Uint8Array, at: number, end: number): number {
    let node = at + 1 < end ? this.#pairs[(bytes[at]! << 8) | bytes[at + 1]!]! : 0
    if (node === 0) return this.#longest[this.#singles[bytes[at]!]!]!
    const edges = this.#edges
    const mask = this.#edgeMask
    for (let i = at + 2; i < end; i++) {
      const key = (node << 8) | bytes[i]!
      let slot = edgeHash(key) & mask
      while (edges[(slot << 1) + 1] !== 0 && edges[slot << 1] !== key) slot = (slot + 1) & mask
      const child = edges[(slot << 1) + 1]!
      if (child === 0) break
      node = child
    }
    return this.#longest[node]!
  }

  #child(node: number, byte: number, make: boolean): number {
    const key = (node << 8) | byte
    let slot = edgeHash(key) & this.#edgeMask
    while (this.#edges[(slot << 1) + 1] !== 0 && this.#edges[slot << 1] !== key)
      slot = (slot + 1) & this.#edgeMask
    const child = this.#edges[(slot << 1) + 1]!
    if (child !== 0 || !make) return child
    if (this.#nodes * 2 > this.#edgeMask) {
      this.#growEdges()
      return this.#child(node, byte, make)
    }
    if (this.#nodes === this.#parents.length) {
      const larger = new Int32Array(this.#nodes * 2)
      larger.set(this.#parents)
      this.#parents = larger
    }
    this.#parents[this.#nodes] = node
    this.#edges[slot << 1] = key
    this.#edges[(slot << 1) + 1] = this.#nodes
    return this.#nodes++
  }

  #growEdges(): void {
    const before = this.#edges
    this.#edges = new Int32Array(before.length * 2)
    this.#edgeMask = this.#edges.length / 2 - 1
    for (let i = 0; i < before.length; i += 2) {
      if (before[i + 1] === 0) continue
      let slot = edgeHash(before[i]!) & this.#edgeMask
      while (this.#edges[(slot << 1) + 1] !== 0) slot = (slot + 1) & this.#edgeMask
      this.#edges[slot << 1] = before[i]!
      this.#edges[(slot << 1) + 1] = before[i + 1]!
    }
  }
}

function edgeHash(key: number): number {
  const hash = Math.imul(key, 0x9e3779b1)
  return hash ^ (hash >>> 15)
}
