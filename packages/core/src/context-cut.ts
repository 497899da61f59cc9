import { safeCutBefore } from './boundaries.js'
import { type Passage, type Piece, shownText } from './context-passages.js'
import { render, type Settings } from './context-render.js'
import type { Metadata } from './document.js'
import type { Hit } from './retriever.js'
import { tokenRuler } from './token-ruler.js'

/** The longest beginning of a piece that fits the whole budget, ending where a word does if one is near. */
export function cutToFit<M extends Metadata>(
  piece: Piece,
  hit: Hit<M>,
  rank: number,
  settings: Settings,
): Passage<M> | undefined {
  if (piece.rewritten !== undefined) return undefined
  const { maxTokens, count, tokenizer } = settings
  const upTo = (length: number): Passage<M> => {
    const text = piece.text.slice(0, length)
    const end = piece.start + length
    const shown = piece.shown
      ?.filter((span) => span.start < end)
      .map((span) => ({ start: span.start, end: Math.min(span.end, end) }))
    return { ...piece, end, text, ...(shown !== undefined && { shown }), rank, hits: [hit], cut: true }
  }
  const fits = (length: number) => count(render(upTo(length), 1, settings, new Map()).text) <= maxTokens
  let low = 0
  let high = tokenRuler(tokenizer, piece.text).endOfTokens(0, maxTokens)
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  for (let length = wordCut(piece.text, low); length > 0; length = safeCutBefore(piece.text, length - 1)) {
    const passage = upTo(length)
    if (shownText(passage).trim() !== '' && fits(length)) return passage
  }
  return undefined
}

/** The last blank in the second half of what fits, or else the last place that cuts no character. */
function wordCut(text: string, length: number): number {
  if (length === text.length) return length
  const fitting = text.slice(0, length)
  const blank = /\s/.test(text[length] ?? '') ? length : fitting.search(/\s\S*$/)
  const end = fitting.slice(0, Math.max(blank, 0)).trimEnd().length
  return end * 2 > length ? end : safeCutBefore(text, length)
}
