import { RagError } from '@tesserae/core'

/** What happens to a text with more tokens than the model reads. */
export type Oversize = 'split' | 'truncate' | 'refuse'
export const oversizes: readonly Oversize[] = ['split', 'truncate', 'refuse']

/** What was done to the texts of a call that were too long; absent when none was. */
export interface OversizeReport {
  readonly action: 'split' | 'truncate'
  /** Texts that were too long. */
  readonly texts: number
  /** Pieces they were split into; equal to `texts` when they were cut. */
  readonly pieces: number
  /** Tokens that were not read: 0 when they were split. */
  readonly dropped: number
}

export class OversizeCount {
  texts = 0
  pieces = 0
  dropped = 0
  report(action: Oversize): OversizeReport | undefined {
    if (this.texts === 0 || action === 'refuse') return undefined
    return { action, texts: this.texts, pieces: this.pieces, dropped: this.dropped }
  }
}

/**
 * Cuts what the model cannot read at once. Split pieces are of about equal length, so that no short rest counts
 * as much as a full window.
 *
 * @param room tokens that fit, the frame around them and any prefix not counted
 * @throws RagError `invalid-argument` for a text over the room when `oversize` is `refuse`.
 */
export function piecesOf(
  ids: readonly number[],
  room: number,
  oversize: Oversize,
  index: number,
  count: OversizeCount,
): readonly (readonly number[])[] {
  if (ids.length <= room) return [ids]
  if (oversize === 'refuse') {
    throw new RagError(
      'invalid-argument',
      `Text ${index} has ${ids.length} tokens, the model reads ${room}. Make smaller chunks, or set \`oversize\` to "split" or "truncate".`,
      { details: { index, tokens: ids.length, limit: room } },
    )
  }
  count.texts += 1
  if (oversize === 'truncate') {
    count.pieces += 1
    count.dropped += ids.length - room
    return [ids.slice(0, room)]
  }
  const parts = Math.ceil(ids.length / room)
  count.pieces += parts
  return Array.from({ length: parts }, (_, part) =>
    ids.slice(Math.floor((part * ids.length) / parts), Math.floor(((part + 1) * ids.length) / parts)),
  )
}
