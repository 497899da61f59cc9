/** No layer above this one; with M = 2 that is room for some million nodes on layer 0, with M = 16 for all. */
export const highestLayer = 24

/**
 * Top layer of the `counter`-th node: layer l or higher with probability M^−l (section 4.1 of the paper, with its
 * mL = 1 / ln M). Only whole-number and correctly rounded arithmetic, so every platform draws the same.
 */
export function drawLayer(seed: number, counter: number, connectivity: number): number {
  // splitmix32 of a stream per seed: a seed's low and high words and the counter go through the mixer in turn.
  const uniform = mix(mix(mix(seed | 0) ^ Math.floor(seed / 0x100000000)) ^ counter) / 0x100000000
  let layer = 0
  for (let bound = 1 / connectivity; uniform < bound && layer < highestLayer; bound /= connectivity) layer++
  return layer
}

/** The mixer of splitmix32. */
function mix(value: number): number {
  let word = (value + 0x9e3779b9) | 0
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
  return (word ^ (word >>> 15)) >>> 0
}
