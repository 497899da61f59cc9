import { median, type Spread } from '../harness/timing.js'

/** Microseconds of processor time, of all threads of this process: other processes do not disturb it much. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

export interface Turn {
  readonly name: string
  readonly work: () => void
}

/** Lets the subjects work in turns, each first once in a while; microseconds of processor time by name, the first round left out. */
export function inTurns(turns: readonly Turn[], rounds: number): ReadonlyMap<string, Spread> {
  const samples = new Map<string, number[]>(turns.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < turns.length; i++) {
      const { name, work } = turns[(i + round) % turns.length]!
      const started = processorTime()
      work()
      const time = processorTime() - started
      if (round > 0) samples.get(name)!.push(time)
    }
  }
  return new Map([...samples].map(([name, times]) => [name, median(times)]))
}

/** A spread in other units. */
export function scaled({ value, low, high }: Spread, factor: number): Spread {
  return { value: value * factor, low: low * factor, high: high * factor }
}
