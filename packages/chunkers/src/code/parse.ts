import type { Tree } from 'web-tree-sitter'
import type { Grammar } from './grammar.js'

/**
 * Steps of the parser between two turns of the event loop: 10 to 100 milliseconds. A number of steps and not a
 * time, because a parser that was stopped in the middle of a syntax error may go on another way than one that
 * was not, and the same text must always give the same tree.
 */
const CALLS_PER_TURN = 256
/**
 * Steps of the parser allowed for each UTF-16 code unit, in calls of its progress callback (one in a hundred
 * operations); sources, generated nonsense included, take 0.005 to 0.06.
 */
const CALLS_PER_UNIT = 0.5
const FREE_CALLS = 1000

/**
 * The syntax tree, which the caller must `delete()`; undefined when the parser needs more than `maxCalls`
 * steps. Gives way to the event loop now and then; rejects with the reason of `signal`.
 */
export async function parseText(
  grammar: Grammar,
  text: string,
  signal: AbortSignal | undefined,
  maxCalls: number = FREE_CALLS + text.length * CALLS_PER_UNIT,
): Promise<Tree | undefined> {
  const parser = grammar.newParser()
  try {
    parser.setLanguage(grammar.language)
    let calls = 0
    for (;;) {
      signal?.throwIfAborted()
      const turnEnd = calls + CALLS_PER_TURN
      // A parser that was stopped goes on where it was when it is given the same text again.
      const tree = parser.parse(text, null, {
        progressCallback: () => ++calls > maxCalls || calls >= turnEnd,
      })
      if (tree) return tree
      if (calls > maxCalls) return undefined
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
  } finally {
    parser.delete()
  }
}
