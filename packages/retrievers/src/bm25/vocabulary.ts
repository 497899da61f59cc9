import type { StringTable } from './string-table.js'

/** A term close to a word. */
export interface CloseTerm {
  readonly term: number
  readonly edits: number
  readonly length: number
}

/**
 * The terms of a dictionary in the order of their code units: for prefixes and for spelling. Four bytes a term.
 * Brought up to date when it is asked, which costs the new terms alone a sort.
 */
export class Vocabulary {
  private readonly table: StringTable
  private order = new Uint32Array(0)
  private count = 0

  constructor(table: StringTable) {
    this.table = table
  }

  get byteLength(): number {
    return this.order.byteLength
  }

  /** Terms that begin with the prefix, in order. */
  withPrefix(prefix: string): Uint32Array {
    this.update()
    const from = this.lowerBound(prefix, 0)
    return this.order.subarray(from, this.afterPrefix(prefix, prefix.length, from))
  }

  /**
   * Terms within `maxEdits` of a word by optimal string alignment: insertions, deletions, substitutions and exchanges of
   * neighbours, none overlapping (Damerau 1964; the restricted recurrence). In the order of code units.
   *
   * Walks the sorted terms as one would a trie: rows of the distance matrix are kept for the letters shared with the
   * term before, and once a whole row is beyond `maxEdits`, all terms with those first letters are skipped at once.
   *
   * @param prefixLength code units at the start that must be equal
   */
  closeTo(word: string, maxEdits: number, prefixLength: number): CloseTerm[] {
    this.update()
    const { order, table } = this
    const { units, places } = table
    const fixed = word.slice(0, prefixLength)
    const start = this.lowerBound(fixed, 0)
    const stop = fixed === '' ? this.count : this.afterPrefix(fixed, fixed.length, start)
    const close: CloseTerm[] = []
    const matrix = new EditMatrix(word, maxEdits)
    let index = start
    while (index < stop) {
      const term = order[index]!
      const place = places[term]!
      const length = units[place]! + units[place + 1]! * 0x10000
      const reached = matrix.advance(units, place + 2, length)
      if (reached === length) {
        const edits = matrix.distance(length)
        if (edits <= maxEdits) close.push({ term, edits, length })
        index++
      } else index = this.afterPrefixOf(term, reached + 1, index, stop)
    }
    return close
  }

  /** Sorts the new terms and merges them in. */
  private update(): void {
    const { table } = this
    if (this.count === table.size) return
    const added = Uint32Array.from({ length: table.size - this.count }, (_, i) => this.count + i)
    added.sort((a, b) => table.compare(a, b))
    const old = this.order
    const oldCount = this.count
    const order = new Uint32Array(table.size)
    let from = 0
    let to = 0
    for (const term of added) {
      let low = from
      let high = oldCount
      while (low < high) {
        const middle = (low + high) >>> 1
        if (table.compare(old[middle]!, term) < 0) low = middle + 1
        else high = middle
      }
      order.set(old.subarray(from, low), to)
      to += low - from
      from = low
      order[to++] = term
    }
    order.set(old.subarray(from, oldCount), to)
    this.order = order
    this.count = table.size
  }

  /** First place from `from` on whose term is not before the text. */
  private lowerBound(text: string, from: number): number {
    let low = from
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.table.compareText(this.order[middle]!, text, text.length) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** First place from `from` on whose term does not begin with text[0 … length), given that those there do. */
  private afterPrefix(text: string, length: number, from: number): number {
    return this.gallop(from, this.count, (term) => this.table.compareText(term, text, length) <= 0)
  }

  private afterPrefixOf(term: number, length: number, from: number, stop: number): number {
    return this.gallop(from, stop, (other) => this.table.sharesPrefix(term, other, length))
  }

  /** First place in [from, stop) where `holds` is no longer true: steps that double, then halves. */
  private gallop(from: number, stop: number, holds: (term: number) => boolean): number {
    let low = from
    let step = 1
    while (low + step < stop && holds(this.order[low + step]!)) {
      low += step
      step *= 2
    }
    let high = Math.min(stop, low + step)
    if (low === from && (from >= stop || !holds(this.order[from]!))) return from
    while (low + 1 < high) {
      const middle = (low + high) >>> 1
      if (holds(this.order[middle]!)) low = middle
      else high = middle
    }
    return high
  }
}

/** Rows of the distance matrix between a word and the term being read, one row per letter of the term. */
class EditMatrix {
  private readonly word: string
  private readonly maxEdits: number
  private readonly width: number
  private rows: Uint8Array<ArrayBuffer>
  /** Letters of the term that rows stand for. */
  private readonly letters: Uint16Array
  private depth = 0

  constructor(word: string, maxEdits: number) {
    // A distance beyond 255 is never asked for; longer words cannot be close to anything stored.
    this.word = word.slice(0, 250)
    this.maxEdits = word.length > 250 ? -1 : maxEdits
    this.width = this.word.length + 1
    const deepest = this.word.length + 4
    this.rows = new Uint8Array(this.width * (deepest + 1))
    this.letters = new Uint16Array(deepest)
    for (let i = 0; i < this.width; i++) this.rows[i] = i
  }

  distance(length: number): number {
    return this.rows[length * this.width + this.word.length]!
  }

  /**
   * Computes the rows of a term up to its end, or up to the first one that is wholly beyond the edits allowed.
   * Returns how many letters have a row within them: the term's length if it may be close.
   */
  advance(units: Uint16Array, start: number, length: number): number {
    const { word, width, rows, letters, maxEdits } = this
    let depth = 0
    const shared = Math.min(this.depth, length)
    while (depth < shared && letters[depth] === units[start + depth]) depth++
    for (; depth < length; depth++) {
      if (depth >= letters.length) break
      const letter = units[start + depth]!
      const row = (depth + 1) * width
      const above = row - width
      let least = depth + 1
      rows[row] = depth + 1
      for (let i = 1; i < width; i++) {
        const same = word.charCodeAt(i - 1) === letter
        let cost = Math.min(rows[above + i]!, rows[row + i - 1]!) + 1
        cost = Math.min(cost, rows[above + i - 1]! + (same ? 0 : 1))
        if (
          i > 1 &&
          depth > 0 &&
          word.charCodeAt(i - 2) === letter &&
          letters[depth - 1] === word.charCodeAt(i - 1)
        )
          cost = Math.min(cost, rows[above - width + i - 2]! + 1)
        rows[row + i] = cost
        if (cost < least) least = cost
      }
      if (least > maxEdits) break
      letters[depth] = letter
    }
    this.depth = depth
    return depth
  }
}
