import type { Table } from './training-set.js'

/** Values as bins: a split is looked for between bins, not between all values. */
export interface BinnedTable {
  readonly rows: number
  readonly width: number
  /** Column-major, features × rows. */
  readonly bins: Uint8Array
  /** By feature: a value is in bin b when it is at most `edges[b]` and above the edge before. */
  readonly edges: readonly Float64Array[]
}

const maxBins = 255

/** About equally many rows a bin; as many bins as values where these are few. */
export function binTable({ values, width, rows }: Table): BinnedTable {
  const bins = new Uint8Array(width * rows)
  const edges: Float64Array[] = []
  for (let column = 0; column < width; column++) {
    const sorted = Float64Array.from({ length: rows }, (_, row) => values[row * width + column]!).sort()
    const own = edgesOf(sorted)
    edges.push(own)
    for (let row = 0; row < rows; row++) {
      const value = values[row * width + column]!
      let low = 0
      let high = own.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if (value <= own[middle]!) high = middle
        else low = middle + 1
      }
      bins[column * rows + row] = low
    }
  }
  return { rows, width, bins, edges }
}

/** Midpoints between neighbouring values, at most 254 of them; the last bin has no edge. */
function edgesOf(sorted: Float64Array): Float64Array {
  const distinct = sorted.filter((value, place) => place === 0 || value !== sorted[place - 1])
  const edges: number[] = []
  const add = (below: number, above: number) => {
    const middle = below + (above - below) / 2
    // Two neighbouring numbers have no middle: the lower one is an edge too.
    const edge = middle < above ? middle : below
    if (edges.length === 0 || edge > edges.at(-1)!) edges.push(edge)
  }
  if (distinct.length <= maxBins) {
    for (let place = 1; place < distinct.length; place++) add(distinct[place - 1]!, distinct[place]!)
  } else {
    for (let bin = 1; bin < maxBins; bin++) {
      const place = Math.floor((bin * sorted.length) / maxBins)
      const value = sorted[place]!
      const before = sorted[place - 1]!
      if (value > before) add(before, value)
      else add(value, value)
    }
  }
  return Float64Array.from(edges)
}
