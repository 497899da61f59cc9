/**
 * The one border between ids and ordinals. Ordinals are dense: what is released is given out again, so that
 * the arrays of the indexes stay as long as the store was at its largest, not as long as its history.
 */
export class Ordinals {
  private readonly ordinals = new Map<string, number>()
  private readonly ids: (string | undefined)[] = []
  private readonly free: number[] = []

  /** Ids that have an ordinal. */
  get size(): number {
    return this.ordinals.size
  }

  /** All ordinals are below this. */
  get capacity(): number {
    return this.ids.length
  }

  get(id: string): number | undefined {
    return this.ordinals.get(id)
  }

  /** The id of a taken ordinal. */
  idOf(ordinal: number): string {
    const id = this.ids[ordinal]
    if (id === undefined) throw new RangeError(`Ordinal ${ordinal} has no id.`)
    return id
  }

  /** The ordinal of `id`, a new one when it has none. */
  take(id: string): number {
    const known = this.ordinals.get(id)
    if (known !== undefined) return known
    const ordinal = this.free.pop() ?? this.ids.length
    this.ids[ordinal] = id
    this.ordinals.set(id, ordinal)
    return ordinal
  }

  /** Ordinals that were released, the one that is given out next last. */
  get released(): readonly number[] {
    return this.free
  }

  /** Takes over ids with their ordinals, oldest first, and released ordinals. Only for one that was never used. */
  restore(ids: readonly string[], ordinals: Uint32Array, released: Uint32Array): void {
    for (let i = 0; i < ordinals.length + released.length; i++) this.ids.push(undefined)
    for (let i = 0; i < ids.length; i++) {
      this.ids[ordinals[i]!] = ids[i]
      this.ordinals.set(ids[i]!, ordinals[i]!)
    }
    for (const ordinal of released) this.free.push(ordinal)
  }

  /** Frees the ordinal of `id` and returns it; `undefined` when it had none. */
  release(id: string): number | undefined {
    const ordinal = this.ordinals.get(id)
    if (ordinal === undefined) return undefined
    this.ordinals.delete(id)
    this.ids[ordinal] = undefined
    this.free.push(ordinal)
    return ordinal
  }

  /** A copy of the ids as they are now, oldest first. */
  snapshot(): readonly string[] {
    return Array.from(this.ordinals.keys())
  }
}
