import { Bitset, type MetadataValue } from '@tesserae/core'

/** Code of an ordinal that does not have the field. */
const absent = 0

/**
 * One metadata field of all chunks, dictionary-encoded: each distinct value has a code, each ordinal holds
 * a code. A condition is decided once per distinct value, then a pass over the codes makes a bitset. Codes
 * are counted, so values that nothing has any more leave the dictionary.
 */
export class Column {
  private codes = new Uint32Array(0)
  private readonly values: (MetadataValue | undefined)[] = [undefined]
  private readonly counts: number[] = [0]
  private readonly free: number[] = []
  private readonly codeOfScalar = new Map<MetadataValue, number>()
  private readonly codeOfList = new Map<string, number>()

  /** Distinct values now. */
  get distinct(): number {
    return this.codeOfScalar.size + this.codeOfList.size
  }

  set(ordinal: number, value: MetadataValue): void {
    const code = this.encode(value)
    if (ordinal >= this.codes.length) {
      const grown = new Uint32Array(Math.max(ordinal + 1, this.codes.length * 2, 64))
      grown.set(this.codes)
      this.codes = grown
    }
    this.counts[code]! += 1
    this.clear(ordinal)
    this.codes[ordinal] = code
  }

  clear(ordinal: number): void {
    const code = this.codes[ordinal] ?? absent
    if (code === absent) return
    this.codes[ordinal] = absent
    this.counts[code]! -= 1
    if (this.counts[code] === 0) this.forget(code)
  }

  /**
   * Ordinals below `capacity` whose value the test accepts. `undefined` stands for a missing field. With
   * `only`, just these values can differ from `otherwise`, and the dictionary is not walked.
   */
  match(
    capacity: number,
    accepts: (value: MetadataValue | undefined) => boolean,
    only?: { readonly values: readonly MetadataValue[]; readonly otherwise: boolean },
  ): Bitset {
    const accepted = new Uint8Array(this.values.length)
    if (only === undefined) {
      for (let code = 0; code < accepted.length; code++) {
        if (code === absent || this.counts[code] !== 0) accepted[code] = accepts(this.values[code]) ? 1 : 0
      }
    } else {
      accepted.fill(only.otherwise ? 1 : 0)
      accepted[absent] = accepts(undefined) ? 1 : 0
      for (const value of only.values) {
        const code = this.codeOfScalar.get(value)
        if (code !== undefined) accepted[code] = accepts(value) ? 1 : 0
      }
    }
    const result = new Bitset(capacity)
    fillWords(result.words, this.codes, accepted, capacity)
    return result
  }

  private encode(value: MetadataValue): number {
    const codes: Map<MetadataValue, number> = Array.isArray(value) ? this.codeOfList : this.codeOfScalar
    const key = Array.isArray(value) ? listKey(value) : value
    let code = codes.get(key)
    if (code === undefined) {
      code = this.free.pop() ?? this.values.length
      this.values[code] = value
      this.counts[code] = 0
      codes.set(key, code)
    }
    return code
  }

  private forget(code: number): void {
    const value = this.values[code]
    if (value === undefined) return
    if (Array.isArray(value)) this.codeOfList.delete(listKey(value))
    else this.codeOfScalar.delete(value)
    this.values[code] = undefined
    this.free.push(code)
  }
}

/** Equal for equal lists only: JSON alone would not tell NaN from null. */
function listKey(list: readonly (string | number)[]): string {
  return JSON.stringify(list.map((value) => (typeof value === 'number' ? `n${value}` : `s${value}`)))
}

/** Sets bit i where accepted[codes[i]] is 1; ordinals past the codes have code 0. */
function fillWords(words: Uint32Array, codes: Uint32Array, accepted: Uint8Array, capacity: number): void {
  const known = Math.min(codes.length, capacity)
  for (let ordinal = 0; ordinal < known; ordinal++) {
    if (accepted[codes[ordinal]!] === 1) words[ordinal >>> 5]! |= 1 << (ordinal & 31)
  }
  if (accepted[absent] === 0) return
  for (let ordinal = known; ordinal < capacity; ordinal++) words[ordinal >>> 5]! |= 1 << (ordinal & 31)
}
