import { safeCutBefore } from '@tesserae/core'

export interface TextPiece {
  readonly text: string
  readonly tokens: number
}

/**
 * Cuts a text into pieces of at most `maxTokens`, of about equal length, after blanks where there are any.
 * Nothing is lost: the pieces joined are the text. `undefined` when a single character is over the limit.
 */
export function splitText(
  text: string,
  maxTokens: number,
  tokensOf: (text: string) => number,
): readonly TextPiece[] | undefined {
  const tokens = tokensOf(text)
  if (tokens <= maxTokens) return [{ text, tokens }]
  const parts = Math.max(2, Math.ceil(tokens / maxTokens))
  const pieces: TextPiece[] = []
  let start = 0
  for (let part = 1; part <= parts && start < text.length; part++) {
    const wanted = part === parts ? text.length : Math.floor((part * text.length) / parts)
    const end = part === parts ? wanted : cutNear(text, start, wanted)
    if (end <= start) continue
    if (start === 0 && end === text.length) return undefined
    const inner = splitText(text.slice(start, end), maxTokens, tokensOf)
    if (inner === undefined) return undefined
    pieces.push(...inner)
    start = end
  }
  return pieces
}

/** After the last blank of the piece's second half, else where no character is cut. */
function cutNear(text: string, start: number, wanted: number): number {
  const half = start + Math.floor((wanted - start) / 2)
  for (let at = wanted; at > half; at--) if (text.charCodeAt(at - 1) <= 32) return at
  return safeCutBefore(text, wanted)
}
