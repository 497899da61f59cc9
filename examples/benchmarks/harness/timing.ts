export interface Spread {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** Median with the quartiles around it. Throws for an empty list. */
export function median(samples: readonly number[]): Spread {
  if (samples.length === 0) throw new Error('A median needs at least one sample.')
  const sorted = [...samples].sort((a, b) => a - b)
  const at = (share: number) => {
    const place = share * (sorted.length - 1)
    const below = Math.floor(place)
    const above = Math.ceil(place)
    return sorted[below]! + (sorted[above]! - sorted[below]!) * (place - below)
  }
  return { value: at(0.5), low: at(0.25), high: at(0.75) }
}

export interface Turn {
  readonly subject: string
  /** One measured unit of work. */
  readonly work: () => unknown
}

/**
 * Lets the subjects work in turns, so that a noisy neighbour disturbs all of them alike. The order moves on
 * by one each round. Returns milliseconds by subject, the first (warming) round left out.
 */
export async function takeTurns(
  turns: readonly Turn[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const samples = new Map<string, number[]>(turns.map((turn) => [turn.subject, []]))
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < turns.length; i++) {
      const turn = turns[(i + round) % turns.length]!
      const started = performance.now()
      await turn.work()
      const milliseconds = performance.now() - started
      if (round > 0) samples.get(turn.subject)!.push(milliseconds)
    }
  }
  return samples
}
