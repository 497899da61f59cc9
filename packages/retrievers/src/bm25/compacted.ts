import type { Bm25Content } from './bm25-snapshot.js'
import { DELETED, Documents } from './documents.js'
import { Postings } from './postings.js'
import { Sequence, Sequences } from './sequences.js'
import { StringTable } from './string-table.js'

/** The same documents without those deleted, their postings, and terms that no document has. Leaves `content` as it is. */
export function compacted(content: Bm25Content & { liveCount(term: number): number }): Bm25Content {
  const { documents, postings, dictionary } = content
  const keptDocuments = new Documents()
  /** New number + 1 by old number, 0 for deleted. */
  const newNumbers = new Uint32Array(documents.count)
  for (let number = 0; number < documents.count; number++) {
    const length = documents.lengths[number]!
    if (length !== DELETED) newNumbers[number] = keptDocuments.add(documents.ordinals[number]!, length) + 1
  }
  const keptDictionary = new StringTable()
  const keptPostings = new Postings()
  const newTerms = new Uint32Array(dictionary.size)
  for (let term = 0; term < dictionary.size; term++) {
    const count = content.liveCount(term)
    if (count === 0) continue
    const text = dictionary.text(term)
    const id = keptDictionary.intern(text, 0, text.length)
    newTerms[term] = id
    postings.copyTerm(term, keptPostings, id, newNumbers, documents.lengths, count)
  }
  return {
    documents: keptDocuments,
    postings: keptPostings,
    dictionary: keptDictionary,
    sequences: content.sequences && compactedSequences(content.sequences, documents, newTerms),
  }
}

function compactedSequences(sequences: Sequences, documents: Documents, newTerms: Uint32Array): Sequences {
  const kept = new Sequences()
  const scratch = new Sequence()
  for (let number = 0; number < documents.count; number++)
    if (documents.lengths[number]! !== DELETED) sequences.copyTo(kept, number, newTerms, scratch)
  return kept
}
