import { invalid } from '@tesserae/core'

/** Where the bytes of a snapshot are taken from, in order. */
export interface ByteSource {
  /** Bytes in all, when that is known beforehand. */
  readonly byteLength: number | undefined
  /** Fills the target; returns how many bytes there were, fewer at the end. */
  read(target: Uint8Array): number
  /** No more will be read. */
  close(): void
}

/** One array, or arrays one after another that are taken as they are needed. */
export function byteSource(input: Uint8Array | Iterable<Uint8Array>): ByteSource {
  if (input instanceof Uint8Array) return partsSource([input], input.length)
  const given: unknown = input
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given)) {
    invalid('snapshot', 'a Uint8Array, or an iterable of them', input, 'Pass what `save()` returned.')
  }
  return partsSource(input, undefined)
}

function partsSource(parts: Iterable<Uint8Array>, byteLength: number | undefined): ByteSource {
  const iterator = parts[Symbol.iterator]()
  let part: Uint8Array = new Uint8Array(0)
  let at = 0
  let done = false
  return {
    byteLength,
    read(target) {
      let filled = 0
      while (filled < target.length) {
        if (at === part.length) {
          const next = done ? undefined : iterator.next()
          if (next === undefined || next.done === true) {
            done = true
            return filled
          }
          if (!(next.value instanceof Uint8Array)) invalid('a part of `snapshot`', 'a Uint8Array', next.value)
          part = next.value
          at = 0
          continue
        }
        const count = Math.min(part.length - at, target.length - filled)
        target.set(part.subarray(at, at + count), filled)
        at += count
        filled += count
      }
      return filled
    },
    close() {
      if (!done) iterator.return?.()
      done = true
    },
  }
}
