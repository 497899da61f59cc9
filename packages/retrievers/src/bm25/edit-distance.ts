/** Optimal string alignment distance of two words, any length: the reference, and for single pairs. */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1
  let before = new Uint32Array(width)
  let above = Uint32Array.from({ length: width }, (_, i) => i)
  let row = new Uint32Array(width)
  for (let i = 1; i <= a.length; i++) {
    row[0] = i
    for (let j = 1; j < width; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1)
      let cost = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (same ? 0 : 1))
      if (
        i > 1 &&
        j > 1 &&
        a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) === b.charCodeAt(j - 1)
      )
        cost = Math.min(cost, before[j - 2]! + 1)
      row[j] = cost
    }
    const free = before
    before = above
    above = row
    row = free
  }
  return above[b.length]!
}
