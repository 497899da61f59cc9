import type { Loaded } from '@tesserae/core'

/** Text, id and metadata of each paragraph, which is what our chunker finds too. */
export function* paragraphsOf(source: Iterable<Loaded>) {
  for (const loaded of source) {
    if (loaded.type === 'failure') continue
    const { id, text, metadata } = loaded.document
    for (const [place, paragraph] of text.split('\n\n').entries()) {
      yield { id: `${id}#${place}`, source: id, text: paragraph, metadata }
    }
  }
}

export function* batches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
