/** The part of a revision that tells what the vector was made from; `undefined` when there is none. */
export function inputOf(revision: string): string | undefined {
  const dot = revision.indexOf('.')
  return dot < 0 ? undefined : revision.slice(dot + 1)
}

/** Ordinals by what their vectors were made from. */
export class Inputs {
  private readonly ordinals = new Map<string, number | Set<number>>()

  add(revision: string, ordinal: number): void {
    const input = inputOf(revision)
    if (input === undefined) return
    const known = this.ordinals.get(input)
    // Nearly every text is there once.
    if (known === undefined || known === ordinal) this.ordinals.set(input, ordinal)
    else if (typeof known === 'number') this.ordinals.set(input, new Set([known, ordinal]))
    else known.add(ordinal)
  }

  remove(revision: string, ordinal: number): void {
    const input = inputOf(revision)
    if (input === undefined) return
    const known = this.ordinals.get(input)
    if (known === ordinal) this.ordinals.delete(input)
    else if (known instanceof Set) {
      known.delete(ordinal)
      if (known.size === 0) this.ordinals.delete(input)
    }
  }

  of(input: string): Iterable<number> {
    const known = this.ordinals.get(input) ?? []
    return typeof known === 'number' ? [known] : known
  }
}
