import { checkOneOf, RagError } from '@tesserae/core'
import type { TokenSpans } from './analyzer.js'
import { classAt, MARK, UNSPACED } from './characters.js'
import { afterCharacter, readPairs, tokenizeRuns, tokenizeWords } from './tokenize.js'

/**
 * How scripts written without blanks, and Hangul, become tokens.
 *
 * - `pairs`: overlapping pairs of characters. Needs no dictionary, never misses.
 * - `pairs-and-characters`: the single characters too, so that one of them can be searched for; twice the postings.
 * - `words`: as the engine's dictionary cuts them (`Intl.Segmenter`). Another engine may know other words, so what
 *   is indexed in one should be searched in the same.
 */
export type Segmentation = 'pairs' | 'pairs-and-characters' | 'words'

const segmentations: readonly Segmentation[] = ['pairs', 'pairs-and-characters', 'words']

/** Code units given to the segmenter at once: its time grows faster than the text. */
const LONGEST_RUN = 1000

export function checkSegmentation(segmentation: Segmentation): Segmentation {
  return checkOneOf('segmentation', segmentation, segmentations)
}

/** @param tag BCP 47 tag of the language */
export function segmentingTokenizer(
  segmentation: Segmentation,
  tag: string,
): (text: string, tokens: TokenSpans) => void {
  if (segmentation === 'pairs') return tokenizeWords
  if (segmentation === 'pairs-and-characters')
    return (text, tokens) => tokenizeRuns(text, tokens, readCharactersAndPairs)
  if (typeof Intl === 'undefined' || Intl.Segmenter === undefined) {
    throw new RagError(
      'unsupported',
      "`segmentation: 'words'` needs Intl.Segmenter, which this engine does not have. Use 'pairs'.",
    )
  }
  const segmenter = new Intl.Segmenter(tag, { granularity: 'word' })
  return (text, tokens) =>
    tokenizeRuns(text, tokens, (whole, start, spans) => readWords(whole, start, spans, segmenter))
}

/** Like `readPairs`, with each character before the pair that it begins. */
function readCharactersAndPairs(text: string, start: number, tokens: TokenSpans): number {
  let current = start
  for (;;) {
    const end = afterCharacter(text, current)
    tokens.push(current, end)
    if (end >= text.length || classAt(text, end) !== UNSPACED) return end
    tokens.push(current, afterCharacter(text, end))
    current = end
  }
}

/** Reads a run of a script without blanks word by word. A run that holds no word is read by pairs. */
function readWords(text: string, start: number, tokens: TokenSpans, segmenter: Intl.Segmenter): number {
  let end = start
  while (end < text.length && end - start < LONGEST_RUN && isInRun(text, end)) end = afterCharacter(text, end)
  const before = tokens.count
  for (const { index, segment, isWordLike } of segmenter.segment(text.slice(start, end)))
    if (isWordLike === true) tokens.push(start + index, start + index + segment.length)
  return tokens.count > before ? end : readPairs(text, start, tokens)
}

function isInRun(text: string, offset: number): boolean {
  const kind = classAt(text, offset)
  return kind === UNSPACED || kind === MARK
}
