/** Code units of one shingle: long enough that unrelated texts share few, short enough that an edit changes few. */
const shingleUnits = 8
/** Values of a signature. */
const bins = 64
/** Share of pairs exactly at the threshold that become candidates, at least. */
const recall = 0.999

/** Text as it is compared: compatibility forms, case and runs of white space do not count. */
export function comparableText(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim()
}

/** The finaliser of MurmurHash3: every bit of the input changes every bit of the output. */
function mix(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * The set of all runs of eight code units of a text, each as a hash of 32 bits, ascending; of a shorter text, the
 * text itself. Empty only for the empty text. A polynomial hash rolls along, so it takes linear time.
 */
export function shingleSet(text: string): Uint32Array {
  if (text.length === 0) return new Uint32Array(0)
  const units = Math.min(shingleUnits, text.length)
  const base = 0x01000193
  let leading = 1
  for (let i = 1; i < units; i++) leading = Math.imul(leading, base)
  const hashes = new Uint32Array(text.length - units + 1)
  let rolling = 0
  for (let i = 0; i < text.length; i++) {
    if (i >= units) rolling = (rolling - Math.imul(text.charCodeAt(i - units), leading)) | 0
    rolling = (Math.imul(rolling, base) + text.charCodeAt(i)) | 0
    if (i >= units - 1) hashes[i - units + 1] = mix(rolling)
  }
  hashes.sort()
  let size = 1
  for (let i = 1; i < hashes.length; i++) if (hashes[i] !== hashes[i - 1]) hashes[size++] = hashes[i]!
  return hashes.slice(0, size)
}

/** |A ∩ B| / |A ∪ B| of two ascending sets; 1 for two empty ones. */
export function jaccard(a: Uint32Array, b: Uint32Array): number {
  let [i, j, shared] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    const difference = a[i]! - b[j]!
    if (difference === 0) shared += 1
    if (difference <= 0) i += 1
    if (difference >= 0) j += 1
  }
  const union = a.length + b.length - shared
  return union === 0 ? 1 : shared / union
}

/**
 * MinHash by one permutation (Li, Owen and Zhang 2012): each bin keeps the least hash that falls into it, so one
 * pass over the set makes the whole signature. An empty bin copies one that is not, found by a walk that depends on
 * the bin alone (optimal densification, Shrivastava 2017). Two signatures agree in a bin with a probability of the
 * sets' Jaccard similarity.
 */
export function minHashSignature(set: Uint32Array): Uint32Array {
  const least = new Uint32Array(bins).fill(0xffffffff)
  const filled = new Uint8Array(bins)
  for (let i = 0; i < set.length; i++) {
    const bin = set[i]! >>> 26
    if (filled[bin] === 0 || set[i]! < least[bin]!) least[bin] = set[i]!
    filled[bin] = 1
  }
  if (set.length === 0) return least
  const signature = least.slice()
  for (let bin = 0; bin < bins; bin++) {
    let from = bin
    for (let attempt = 1; filled[from] === 0; attempt++) from = mix(bin * 0x10001 + attempt) % bins
    signature[bin] = least[from]!
  }
  return signature
}

/**
 * Rows of one band, so that two sets at the threshold share a whole band nearly always: 1 − (1 − tʳ)ᵇ ≥ 0.999 with
 * b = 64 / r bands (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, 3.4.2). More rows, fewer false
 * candidates.
 */
export function bandRows(threshold: number): number {
  for (let rows = 16; rows > 1; rows--) {
    const bands = Math.floor(bins / rows)
    if (1 - (1 - threshold ** rows) ** bands >= recall) return rows
  }
  return 1
}

/** One number a band: sets that share one are candidates. */
export function bandKeys(signature: Uint32Array, rows: number): number[] {
  const keys: number[] = []
  for (let band = 0; band < Math.floor(bins / rows); band++) {
    let key = mix(band + 1)
    for (let row = band * rows; row < (band + 1) * rows; row++) key = mix(key ^ signature[row]!)
    keys.push(key)
  }
  return keys
}
