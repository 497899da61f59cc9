/** Which chunk has which ordinal. The lowest free ordinals are given out first, so that indexes stay dense. */
export class Slots {
  private readonly ids: (string | undefined)[] = []
  private readonly ordinals = new Map<string, number>()
  /** No ordinal below is free. */
  private lowestFree = 0

  get size(): number {
    return this.ordinals.size
  }

  get(id: string): number | undefined {
    return this.ordinals.get(id)
  }

  has(ordinal: number): boolean {
    return this.ids[ordinal] !== undefined
  }

  /** The id of a taken ordinal. */
  idOf(ordinal: number): string {
    const id = this.ids[ordinal]
    if (id === undefined) throw new RangeError(`Ordinal ${ordinal} has no id.`)
    return id
  }

  /** Gives an ordinal that is free, or this id's own, to the id. */
  set(ordinal: number, id: string): void {
    // No holes: an array with holes is slow.
    while (this.ids.length < ordinal) this.ids.push(undefined)
    this.ids[ordinal] = id
    this.ordinals.set(id, ordinal)
  }

  clear(ordinal: number): void {
    const id = this.ids[ordinal]
    if (id === undefined) return
    this.ids[ordinal] = undefined
    this.ordinals.delete(id)
    if (ordinal < this.lowestFree) this.lowestFree = ordinal
  }

  /** Ordinals without an id, lowest first. They stay free until they are set. */
  *free(): Generator<number> {
    while (this.lowestFree < this.ids.length && this.ids[this.lowestFree] !== undefined) this.lowestFree++
    for (let ordinal = this.lowestFree; ; ordinal++) if (this.ids[ordinal] === undefined) yield ordinal
  }
}
