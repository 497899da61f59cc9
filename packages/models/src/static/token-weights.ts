import { RagError, show } from '@tesserae/core'

/**
 * How common each token of a table is in a corpus: what `fitWeights` learns and `staticEmbedder({ weights })` takes.
 * Plain data, for JSON. Holds numbers of texts, never a text.
 */
export interface TokenWeights {
  /** Id of the tokenizer whose tokens were counted: the weights fit this table and no other. */
  readonly tokenizer: string
  /** Texts of the corpus. */
  readonly texts: number
  /** In how many of them each token occurs, by row of the table. */
  readonly frequencies: readonly number[]
}

/** Whose tokens are weighted: those of queries, or those of documents too. */
export type Weighted = 'queries' | 'all'

/**
 * Factor of each token: its inverse document frequency, `ln(1 + (N − n + ½) / (n + ½))` as in BM25 (Robertson and
 * Spärck Jones 1976), to the power of three quarters for queries alone, of one half where documents have it too. The
 * table's own weights tell how much a token says in English; these tell how much it says in this corpus. Square roots,
 * because those are the same on every engine.
 *
 * @throws RagError `invalid-argument` for numbers that are no counts, `incompatible` for another table's weights.
 */
export function factorsOf(
  weights: TokenWeights,
  tokenizer: string,
  rows: number,
  weighted: Weighted,
): Float32Array {
  const { texts, frequencies } = weights
  if (!Number.isSafeInteger(texts) || texts < 1)
    throw new RagError(
      'invalid-argument',
      `\`weights.texts\` must be a whole number of at least 1, got ${show(texts)}. Pass what \`fitWeights\` gave.`,
    )
  if (weights.tokenizer !== tokenizer || !Array.isArray(frequencies) || frequencies.length !== rows)
    throw new RagError(
      'incompatible',
      `\`weights\` must have been fitted with this table ("${tokenizer}", ${rows} tokens), got "${weights.tokenizer}" and ${frequencies?.length} tokens. Fit them again.`,
      { details: { expected: tokenizer, tokenizer: weights.tokenizer } },
    )
  const factors = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    const count: unknown = frequencies[row]
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0 || count > texts)
      throw new RagError(
        'invalid-argument',
        `\`weights.frequencies[${row}]\` must be a whole number from 0 to ${texts}, got ${show(count)}.`,
      )
    const root = Math.sqrt(Math.log(1 + (texts - count + 0.5) / (count + 0.5)))
    factors[row] = weighted === 'all' ? root : root * Math.sqrt(root)
  }
  return factors
}
