import { checkNumber, invalid } from '@tesserae/core'
import { usualShare } from './convex.js'
import { queryFeatures } from './query-features.js'

export interface DynamicShareOptions {
  /**
   * The vector legs' share for a plain query, 0 to 1; `calibrateVectorShare` finds it.
   * @default what the legs say of themselves, 0.3 where they say nothing
   */
  readonly base?: number | undefined
  /** What is left of the share for a query of nothing but identifiers, 0 to 1; between, by their part of the words. @default 0.2 */
  readonly identifiers?: number | undefined
  /** What is left of the share when something is quoted: someone wants those very words. 0 to 1. @default 0.4 */
  readonly quoted?: number | undefined
  /** What is left of the share for a query of one or two words, 0 to 1: there is little meaning to go by. @default 0.8 */
  readonly short?: number | undefined
  /** Scripts of the languages that the embedder knows, such as `['Latin']`. @default every script */
  readonly scripts?: readonly string[] | undefined
  /** What is left of the share for a query in another script, 0 to 1. @default 0 */
  readonly otherScript?: number | undefined
}

/** Words of a short query. */
const fewWords = 2

/**
 * A vector leg's share by what the query looks like, for `convexFusion({ vectorShare: dynamicVectorShare() })`: names,
 * codes and quotations are found by their letters, and embeddings blur them; a language that the embedder does not know
 * has only its letters. Whatever holds, the share is never above `base`: a query alone cannot make a weak embedder strong.
 */
export function dynamicVectorShare(
  options: DynamicShareOptions = {},
): (query: string, own?: number) => number {
  if (options.base !== undefined) checkNumber('base', options.base, 0, 1)
  const identifierPart = checkNumber('identifiers', options.identifiers ?? 0.2, 0, 1)
  const quotedPart = checkNumber('quoted', options.quoted ?? 0.4, 0, 1)
  const shortPart = checkNumber('short', options.short ?? 0.8, 0, 1)
  const otherPart = checkNumber('otherScript', options.otherScript ?? 0, 0, 1)
  const { scripts } = options
  if (scripts !== undefined && (!Array.isArray(scripts) || scripts.some((name) => typeof name !== 'string')))
    invalid('scripts', 'a list of names of scripts', scripts)
  return (query, own = usualShare) => {
    const base = options.base ?? own
    const { words, identifiers, quoted, script } = queryFeatures(query)
    if (script !== undefined && scripts !== undefined && !scripts.includes(script)) return base * otherPart
    const exact = words === 0 ? 0 : identifiers / words
    const share = base * (1 - exact * (1 - identifierPart))
    return share * (quoted ? quotedPart : 1) * (words <= fewWords ? shortPart : 1)
  }
}
