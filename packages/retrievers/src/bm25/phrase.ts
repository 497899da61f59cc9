import type { Slot } from './resolve-query.js'
import type { Sequence } from './sequences.js'

export interface Phrase {
  readonly slots: readonly Slot[]
  readonly slop: number
  /** −1 for any. */
  readonly field: number
}

/**
 * How often a phrase stands in a sequence, each time counted as `weights` says for its field.
 *
 * From every place of the first slot the others are taken as early as they can come, in their order and no closer than
 * in the phrase; it counts if the last one comes no more than `slop` positions late. Occurrences may overlap.
 *
 * @param weights by field number + 1; the first is for text outside of fields
 */
export function phraseFrequency(sequence: Sequence, phrase: Phrase, weights: readonly number[]): number {
  let frequency = 0
  eachOccurrence(sequence, phrase, (places) => {
    frequency += weights[sequence.fields[places[0]!]! + 1]!
  })
  return frequency
}

/** Calls back with the places of the slots in the sequence, in an array that is used again. */
export function eachOccurrence(
  sequence: Sequence,
  { slots, slop, field }: Phrase,
  visit: (places: Uint32Array) => void,
): void {
  const { terms, positions, fields, count } = sequence
  const first = slots[0]!
  const last = slots.at(-1)!.offset
  const places = new Uint32Array(slots.length)
  for (let start = 0; start < count; start++) {
    if (terms[start] !== first.term || (field >= 0 && fields[start] !== field)) continue
    const from = positions[start]!
    places[0] = start
    let late = 0
    let place = start
    let filled = 1
    for (; filled < slots.length; filled++) {
      const slot = slots[filled]!
      const earliest = from + slot.offset + late
      const latest = from + slot.offset + slop
      // Alternatives share a position, so the slot may stand before the last place that was read.
      while (place > 0 && positions[place - 1]! >= earliest) place--
      while (
        place < count &&
        positions[place]! <= latest &&
        (positions[place]! < earliest || terms[place] !== slot.term)
      )
        place++
      if (place >= count || positions[place]! > latest || fields[place] !== fields[start]) break
      late = positions[place]! - from - slot.offset
      places[filled] = place
    }
    if (filled === slots.length && positions[places[filled - 1]!]! - from - last <= slop) visit(places)
  }
}
