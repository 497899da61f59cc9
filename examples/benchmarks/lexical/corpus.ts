import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '@tesserae/core/testing'
import { repositoryRoot } from '../harness/context.js'

const VOCABULARY = 200_000
/** Words before this rank stand in every tenth passage or more: what a stop list would hold. */
const CONTENT_RANK = 100
const TOPICS = 1000
const TOPIC_WORDS = 40
/** Share of a passage's words that come from its topic, or repeat one said before. */
const TOPIC_SHARE = 0.06
const REPEAT_SHARE = 0.06

/** Each kind of query, with how many words of one passage it takes. */
export const querySets = ['3 words', '8 words'] as const
export type QuerySet = (typeof querySets)[number]
export const QUERY_COUNT = 500

/** One passage or query a line, in files that every engine reads. */
export interface Corpus {
  readonly count: number
  readonly passages: string
  readonly queries: { readonly [name in QuerySet]: string }
}

/**
 * The corpus `zipf-N`: passages of 40 to 160 words drawn from 200,000 by Zipf's law, with bursts of topic words.
 * Queries take distinct words of one passage: three that are not among the most frequent, or any eight, as a
 * question has them. Made once and kept; the same on every machine.
 */
export function zipfCorpus(count: number): Corpus {
  const folder = join(repositoryRoot, '.tesserae', 'benchmarks', 'lexical', `zipf-${count}`)
  const corpus: Corpus = {
    count,
    passages: join(folder, 'passages.txt'),
    queries: { '3 words': join(folder, 'queries-3.txt'), '8 words': join(folder, 'queries-8.txt') },
  }
  if (existsSync(corpus.passages)) return corpus
  mkdirSync(folder, { recursive: true })
  const random = seededRandom(20_240_601)
  const below = (bound: number) => Math.floor(random() * bound)
  const draw = zipfSampler(random)
  const words = Array.from({ length: VOCABULARY }, (_, rank) => wordOf(rank))
  const topics = Array.from({ length: TOPICS }, () =>
    Array.from({ length: TOPIC_WORDS }, () => CONTENT_RANK + below(VOCABULARY / 10)),
  )
  const every = Math.max(1, Math.floor(count / QUERY_COUNT))
  const three: string[] = []
  const eight: string[] = []
  // Written under another name first: a run that was stopped leaves no half corpus behind.
  const unfinished = `${corpus.passages}.part`
  const file = openSync(unfinished, 'w')
  let lines: string[] = []
  for (let passage = 0; passage < count; passage++) {
    const length = 40 + below(121)
    const topic = topics[below(TOPICS)]!
    const ranks: number[] = []
    while (ranks.length < length) {
      const chance = random()
      if (chance < TOPIC_SHARE) ranks.push(topic[below(TOPIC_WORDS)]!)
      else if (chance < TOPIC_SHARE + REPEAT_SHARE && ranks.length > 0)
        ranks.push(ranks[below(ranks.length)]!)
      else ranks.push(draw())
    }
    lines.push(ranks.map((rank) => words[rank]!).join(' '))
    if (passage % every === 0 && three.length < QUERY_COUNT) {
      const distinct = [...new Set(ranks)]
      const content = distinct.filter((rank) => rank >= CONTENT_RANK)
      three.push(
        pick(content, 3, below)
          .map((rank) => words[rank]!)
          .join(' '),
      )
      eight.push(
        pick(distinct, 8, below)
          .map((rank) => words[rank]!)
          .join(' '),
      )
    }
    if (lines.length === 1000 || passage === count - 1) {
      writeSync(file, `${lines.join('\n')}\n`)
      lines = []
    }
  }
  closeSync(file)
  writeFileSync(corpus.queries['3 words'], `${three.join('\n')}\n`)
  writeFileSync(corpus.queries['8 words'], `${eight.join('\n')}\n`)
  renameSync(unfinished, corpus.passages)
  return corpus
}

/** Lines of an ASCII file, some at a time: a corpus is larger than what should be in memory when it is measured. */
export function* linesOf(path: string, atOnce = 1000): Generator<readonly string[]> {
  const file = openSync(path, 'r')
  const buffer = Buffer.allocUnsafe(1 << 18)
  let rest = ''
  let lines: string[] = []
  for (;;) {
    const read = readSync(file, buffer)
    if (read === 0) break
    const parts = (rest + buffer.toString('latin1', 0, read)).split('\n')
    rest = parts.pop()!
    for (const part of parts) {
      lines.push(part)
      if (lines.length < atOnce) continue
      yield lines
      lines = []
    }
  }
  closeSync(file)
  if (rest !== '') lines.push(rest)
  if (lines.length > 0) yield lines
}

/** Distinct entries at random. */
function pick(from: readonly number[], count: number, below: (bound: number) => number): number[] {
  const left = [...from]
  const picked: number[] = []
  while (picked.length < count && left.length > 0) picked.push(left.splice(below(left.length), 1)[0]!)
  return picked
}

/** Draws ranks from 0 with a chance in proportion to 1 / (rank + 1). */
function zipfSampler(random: () => number): () => number {
  const cumulative = new Float64Array(VOCABULARY)
  let total = 0
  for (let rank = 0; rank < VOCABULARY; rank++) {
    total += 1 / (rank + 1)
    cumulative[rank] = total
  }
  return () => {
    const wanted = random() * total
    let low = 0
    let high = VOCABULARY - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (cumulative[middle]! < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

const consonants = 'bcdfghjklmnprstvwxyz'
const vowels = 'aeiou'

/** A pronounceable word of 3, 5, or 7 letters, another for each rank; frequent ones are short. */
function wordOf(rank: number): string {
  const syllables = rank < 100 ? 1 : rank < 10_000 ? 2 : 3
  let rest = rank
  let word = ''
  for (let i = 0; i < syllables; i++) {
    word = consonants.charAt(rest % 20) + vowels.charAt(Math.floor(rest / 20) % 5) + word
    rest = Math.floor(rest / 100)
  }
  // The last letter tells the word from its neighbours' stems and from English function words.
  return `${word}${'kqz'.charAt(rank % 3)}`
}
