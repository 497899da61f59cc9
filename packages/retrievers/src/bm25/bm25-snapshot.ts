import { corrupt, ordinalEnd, type Section, type SnapshotReader, wholeSection } from '../snapshot/index.js'
import { DELETED, Documents } from './documents.js'
import { grownUint32 } from './grow.js'
import { MAX_DOCUMENTS } from './posting-layout.js'
import { Postings } from './postings.js'
import { endOfSequence, Sequences } from './sequences.js'
import { StringTable } from './string-table.js'

/** What an index holds. */
export interface Bm25Content {
  readonly dictionary: StringTable
  readonly postings: Postings
  readonly documents: Documents
  readonly sequences: Sequences | undefined
}

/** A posting is one word: document number, then its frequency in six bits; 63 says that it lies in `largeFrequencies`. */
const frequencyBits = 6
const large = 63
/** Numbers gathered before they are handed on, unless one term has more. */
const batchLength = 2 ** 14
/** The sequence of a document without terms. */
const noTerms = Uint8Array.of(0)

/**
 * The sections of an index: documents by number, the dictionary, then the postings and sequences of the documents that
 * are alive. Nothing says how they lie in memory.
 */
export function bm25Sections(content: Bm25Content): Section[] {
  const { dictionary, documents, sequences } = content
  const { lengths } = documents
  const ordinals = documents.ordinals.slice(0, documents.count)
  for (let number = 0; number < ordinals.length; number++)
    if (lengths[number] === DELETED) ordinals[number] = 0
  const termLengths = new Uint32Array(dictionary.size)
  const counts = new Uint32Array(dictionary.size)
  const largeFrequencies: number[] = []
  const columns = new LivePostings(content)
  let units = 0
  let total = 0
  for (let term = 0; term < dictionary.size; term++) {
    termLengths[term] = dictionary.text(term).length
    units += termLengths[term]!
    const count = columns.read(term)
    counts[term] = count
    total += count
    for (let i = 0; i < count; i++) {
      const frequency = columns.frequencies[i]!
      if (frequency >= large) largeFrequencies.push(frequency)
    }
  }
  const sections: Section[] = [
    wholeSection('ordinals', ordinals),
    wholeSection('lengths', lengths.slice(0, documents.count)),
    wholeSection('termLengths', termLengths),
    { name: 'termUnits', type: 'u16', length: units, parts: () => termUnits(dictionary) },
    wholeSection('counts', counts),
    wholeSection('largeFrequencies', Uint32Array.from(largeFrequencies)),
    { name: 'postings', type: 'u32', length: total, parts: () => postingWords(content) },
  ]
  return sequences === undefined ? sections : [...sections, sequenceSection(sequences, documents)]
}

/** The postings of one term without those of deleted documents, in two columns. */
class LivePostings {
  documents = new Uint32Array(1 << 10)
  frequencies = new Uint32Array(1 << 10)
  private readonly content: Bm25Content

  constructor(content: Bm25Content) {
    this.content = content
  }

  /** How many there are; the columns are overwritten by the next. */
  read(term: number): number {
    const { postings, documents } = this.content
    const all = postings.count(term)
    this.documents = grownUint32(this.documents, all)
    this.frequencies = grownUint32(this.frequencies, all)
    postings.readTerm(term, this.documents, this.frequencies)
    let kept = 0
    for (let i = 0; i < all; i++) {
      if (documents.lengths[this.documents[i]!] === DELETED) continue
      this.documents[kept] = this.documents[i]!
      this.frequencies[kept++] = this.frequencies[i]!
    }
    return kept
  }
}

function* termUnits(dictionary: StringTable): Generator<Uint16Array> {
  let batch = new Uint16Array(batchLength)
  let end = 0
  for (let term = 0; term < dictionary.size; term++) {
    const text = dictionary.text(term)
    if (end + text.length > batch.length) {
      yield batch.subarray(0, end)
      end = 0
      if (text.length > batch.length) batch = new Uint16Array(text.length)
    }
    for (let i = 0; i < text.length; i++) batch[end++] = text.charCodeAt(i)
  }
  yield batch.subarray(0, end)
}

function* postingWords(content: Bm25Content): Generator<Uint32Array> {
  const columns = new LivePostings(content)
  let batch = new Uint32Array(batchLength)
  let end = 0
  for (let term = 0; term < content.dictionary.size; term++) {
    const count = columns.read(term)
    if (end + count > batch.length) {
      yield batch.subarray(0, end)
      end = 0
      if (count > batch.length) batch = new Uint32Array(count * 2)
    }
    for (let i = 0; i < count; i++) {
      batch[end++] = (columns.documents[i]! << frequencyBits) | Math.min(columns.frequencies[i]!, large)
    }
  }
  yield batch.subarray(0, end)
}

function sequenceSection(sequences: Sequences, { lengths, count }: Documents): Section {
  const ofDocument = (number: number) => (lengths[number] === DELETED ? noTerms : sequences.bytesOf(number))
  let length = 0
  for (let number = 0; number < count; number++) length += ofDocument(number).length
  return {
    name: 'sequences',
    type: 'u8',
    length,
    *parts() {
      for (let number = 0; number < count; number++) yield ofDocument(number)
    },
  }
}

/**
 * What {@link bm25Sections} wrote, and the numbers of deleted documents. All that a search relies on is checked, whatever
 * the checksums say: postings ascend, and lead to documents that are alive; terms differ; sequences end.
 */
export function readBm25(
  reader: SnapshotReader,
  positions: boolean,
  fieldCount: number,
): Bm25Content & { readonly deleted: number[] } {
  const documents = new Documents()
  const deleted = readDocuments(reader, documents)
  const dictionary = readDictionary(reader)
  const postings = readPostings(reader, dictionary.size, documents)
  const sequences = positions
    ? readSequences(reader, dictionary.size, fieldCount, documents.count)
    : undefined
  return { dictionary, postings, documents, sequences, deleted }
}

function readDocuments(reader: SnapshotReader, documents: Documents): number[] {
  const ordinals = reader.section('ordinals', 'u32').words()
  const lengths = reader.section('lengths', 'u32').words()
  if (ordinals.length !== lengths.length || ordinals.length > MAX_DOCUMENTS) {
    corrupt('its documents are not as many as their lengths')
  }
  const deleted: number[] = []
  for (let number = 0; number < ordinals.length; number++) {
    const length = lengths[number]!
    if (length === DELETED) {
      documents.addDeleted()
      deleted.push(number)
      continue
    }
    const ordinal = ordinals[number]!
    if (ordinal >= ordinalEnd || documents.numberOf(ordinal) >= 0) {
      corrupt('an ordinal comes twice or is too large')
    }
    documents.add(ordinal, length)
  }
  return deleted
}

function readDictionary(reader: SnapshotReader): StringTable {
  const lengths = reader.section('termLengths', 'u32').words()
  const units = reader.section('termUnits', 'u16').halves()
  const dictionary = new StringTable()
  let start = 0
  for (let term = 0; term < lengths.length; term++) {
    const end = start + lengths[term]!
    if (end > units.length) corrupt('its terms are longer than their text')
    let text = ''
    for (let i = start; i < end; i++) text += String.fromCharCode(units[i]!)
    if (dictionary.intern(text, 0, text.length) !== term) corrupt('a term comes twice')
    start = end
  }
  if (start !== units.length) corrupt('its terms are shorter than their text')
  return dictionary
}

function readPostings(reader: SnapshotReader, terms: number, documents: Documents): Postings {
  const { lengths } = documents
  const counts = reader.section('counts', 'u32').words()
  const largeFrequencies = reader.section('largeFrequencies', 'u32').words()
  const section = reader.section('postings', 'u32')
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (counts.length !== terms || total !== section.length) corrupt('its terms have more or fewer postings')
  const postings = new Postings()
  let words = new Uint32Array(batchLength)
  let usedLarge = 0
  for (let term = 0; term < terms; term++) {
    const count = counts[term]!
    // No term stands in more documents than there are, so a made-up count asks for no more room than they take.
    if (count > documents.size) corrupt('a term stands in more documents than there are')
    words = grownUint32(words, count)
    section.fill(words.subarray(0, count))
    postings.reserve(term, count)
    let last = -1
    for (let i = 0; i < count; i++) {
      const document = words[i]! >>> frequencyBits
      let frequency = words[i]! & large
      if (frequency === large) frequency = largeFrequencies[usedLarge++] ?? 0
      const length = document < documents.count ? lengths[document]! : DELETED
      if (document <= last || length === DELETED || frequency === 0) corrupt('a posting is not possible')
      last = document
      postings.countUp(term, frequency)
      postings.append(term, document, length)
    }
  }
  if (usedLarge !== largeFrequencies.length) corrupt('it has frequencies without postings')
  return postings
}

function readSequences(
  reader: SnapshotReader,
  terms: number,
  fieldCount: number,
  documentCount: number,
): Sequences {
  const bytes = reader.section('sequences', 'u8').bytes()
  const sequences = new Sequences()
  let start = 0
  for (let number = 0; number < documentCount; number++) {
    const end = endOfSequence(bytes, start, terms, fieldCount)
    if (end < 0) corrupt('where the terms of a document stand is not possible')
    sequences.append(bytes.subarray(start, end))
    start = end
  }
  if (start !== bytes.length) corrupt('it has terms without documents')
  return sequences
}
